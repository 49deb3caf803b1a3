import { useCallback, useEffect, useState } from 'react'
import type { Problem } from '../api/problem.ts'
import { desk, type Screen, unpaired } from './desk.ts'
import classes from './Kiosk.module.css'
import { Pair } from './Pair.tsx'
import { Question } from './parts.tsx'
import { Session } from './Session.tsx'
import { type Language, loadWords, prefer, type Words } from './words.ts'

/** How often an unused screen asks what it may show, and one that got no answer. */
const asksEach = 30_000
const asksAgainEach = 5_000

/**
 * The screen in the lobby. It has one address and never another, keeps nothing, and
 * forgets each visitor by throwing away the component that knew them.
 */
export function Kiosk() {
  const [visitor, setVisitor] = useState(0)
  const { language, say, speak } = useWords(visitor)
  const { screen, state, refresh } = useScreen()
  const clear = useCallback(() => setVisitor((n) => n + 1), [])
  useForgetting(clear)
  useManifest()
  useEffect(() => {
    document.title = screen?.site ?? 'Foyer'
  }, [screen?.site])
  if (!say || (state === 'asking' && !screen)) return <div className={classes.page} aria-busy="true" />
  return (
    <div className={classes.page}>
      {state === 'unpaired' ? (
        <main className={classes.alone}>
          <Pair say={say} paired={refresh} />
        </main>
      ) : screen ? (
        <Session
          key={visitor}
          screen={screen}
          away={state === 'away'}
          say={say}
          language={language}
          speak={speak}
          clear={clear}
          refresh={refresh}
        />
      ) : (
        <main className={classes.alone}>
          <Question title={say('kiosk.away.title')} text={say('kiosk.away.text')} />
        </main>
      )}
    </div>
  )
}

/** The words of the language that this visitor chose; the next one begins with the browser's. */
function useWords(visitor: number) {
  const [chosen, setChosen] = useState<{ visitor: number; language: Language } | null>(null)
  const [loaded, setLoaded] = useState<{ language: Language; say: Words } | null>(null)
  const language = chosen?.visitor === visitor ? chosen.language : prefer(navigator.languages)
  useEffect(() => {
    let current = true
    loadWords(language).then((say) => {
      if (!current) return
      setLoaded({ language, say })
      document.documentElement.lang = language
    })
    return () => {
      current = false
    }
  }, [language])
  const speak = useCallback((next: Language) => setChosen({ visitor, language: next }), [visitor])
  return { language: loaded?.language ?? language, say: loaded?.say ?? null, speak }
}

type State = 'asking' | 'ready' | 'away' | 'unpaired'

/** What the kiosk may show, asked for again and again: it may be revoked, or cut off. */
function useScreen() {
  const [screen, setScreen] = useState<Screen | null>(null)
  const [state, setState] = useState<State>('asking')
  const refresh = useCallback(async () => {
    try {
      setScreen(await desk.screen())
      setState('ready')
    } catch (error) {
      setState(unpaired(error as Problem) ? 'unpaired' : 'away')
    }
  }, [])
  useEffect(() => {
    refresh()
  }, [refresh])
  useEffect(() => {
    if (state === 'unpaired') return
    const timer = setInterval(refresh, state === 'ready' ? asksEach : asksAgainEach)
    return () => clearInterval(timer)
  }, [state, refresh])
  return { screen, state, refresh }
}

/** A page that is left or comes back from the browser's memory knows nobody. */
function useForgetting(clear: () => void) {
  useEffect(() => {
    const back = (event: PageTransitionEvent) => event.persisted && clear()
    window.addEventListener('pagehide', clear)
    window.addEventListener('pageshow', back)
    return () => {
      window.removeEventListener('pagehide', clear)
      window.removeEventListener('pageshow', back)
    }
  }, [clear])
}

/** Installed, the kiosk opens without the browser around it. The dashboard is not meant. */
function useManifest() {
  useEffect(() => {
    const link = document.createElement('link')
    link.rel = 'manifest'
    link.href = '/kiosk.webmanifest'
    document.head.append(link)
    return () => link.remove()
  }, [])
}
