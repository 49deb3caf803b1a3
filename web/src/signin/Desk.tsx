import { Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import mark from '../look/mark.svg'
import { languageNames, languages } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import { useTitle } from '../useTitle.ts'
import classes from './Desk.module.css'

type Props = { title: string; onSubmit: () => void; children: ReactNode }

/** A page with one form, for whoever is not signed in. */
export function Desk({ title, onSubmit, children }: Props) {
  const { t, language, speak } = useText()
  useTitle(title)
  return (
    <main className={classes.page}>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault()
          onSubmit()
        }}
      >
        <Stack gap="md">
          <div className={classes.head}>
            <img src={mark} alt="" width={44} height={44} />
            <h1>{title}</h1>
          </div>
          {children}
        </Stack>
      </form>
      <nav className={classes.languages} aria-label={t('web.language')}>
        {languages.map((l) => (
          <button key={l} type="button" lang={l} aria-pressed={l === language} onClick={() => speak(l)}>
            {languageNames[l]}
          </button>
        ))}
      </nav>
    </main>
  )
}
