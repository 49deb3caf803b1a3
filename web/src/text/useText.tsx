import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { stored } from '../stored.ts'
import { choose, type Language, loadTexts, type Say, sayer, type Texts } from './text.ts'

type Context = { language: Language; t: Say; speak: (language: Language) => void }

const TextContext = createContext<Context | null>(null)

export function useText(): Context {
  const context = useContext(TextContext)
  if (!context) throw new Error('useText outside of TextProvider')
  return context
}

/** Nothing is shown until its words are here: they come with the first load. */
export function TextProvider({ children }: { children: ReactNode }) {
  const [language, speak] = useState(() => choose(stored.get('language'), navigator.languages))
  const [loaded, setLoaded] = useState<{ language: Language; texts: Texts } | null>(null)

  useEffect(() => {
    let current = true
    loadTexts(language).then((texts) => current && setLoaded({ language, texts }))
    return () => {
      current = false
    }
  }, [language])

  const context = useMemo(() => {
    if (!loaded) return null
    document.documentElement.lang = loaded.language
    const choice = (next: Language) => {
      stored.set('language', next)
      speak(next)
    }
    return { language: loaded.language, t: sayer(loaded.texts), speak: choice }
  }, [loaded])

  return context && <TextContext.Provider value={context}>{children}</TextContext.Provider>
}

type Load = Record<Language, () => Promise<{ default: Texts }>>

/** Adds the words of an area that does not come with the first load to what is below. */
export function Area({ load, children }: { load: Load; children: ReactNode }) {
  const { language, speak } = useText()
  const [loaded, setLoaded] = useState<{ language: Language; texts: Texts } | null>(null)

  useEffect(() => {
    let current = true
    Promise.all([loadTexts(language), load[language]()]).then(
      ([all, area]) => current && setLoaded({ language, texts: { ...all, ...area.default } }),
    )
    return () => {
      current = false
    }
  }, [language, load])

  const context = useMemo(() => loaded && { language: loaded.language, t: sayer(loaded.texts), speak }, [loaded, speak])
  return context && <TextContext.Provider value={context}>{children}</TextContext.Provider>
}
