import { Alert, Button, Stack } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { Problem } from '../api/problem.ts'
import { useAct } from '../dialog/useAct.ts'
import { mended } from '../groups/mend.ts'
import mark from '../look/mark.svg'
import { useProblemText, Waiting } from '../look/States.tsx'
import { languageNames, languages } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import { useTitle } from '../useTitle.ts'
import classes from './Desk.module.css'

type Props = {
  title: string
  /** The fields; absent once all is said and done. */
  children?: ReactNode
  /** What is said in their place then. */
  done?: string
  /** What the button that sends them says. */
  action: string
  /** What is awaited meanwhile. */
  waiting: string
  act: () => Promise<void>
  /** What went wrong before this page was opened. */
  problem?: unknown
  /** Other ways than the form, under it. */
  below: ReactNode
}

/** A page with one form, for whoever is not signed in. */
export function Desk({ title, children, done, action, waiting, act, problem = null, below }: Props) {
  const { t, language, speak } = useText()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  useTitle(title)
  const [tried, setTried] = useState(false)
  const fault = error ?? (tried ? null : problem)
  const [said] = fault instanceof Problem ? Object.values(fault.fields) : []
  return (
    <main className={classes.page}>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault()
          setTried(true)
          run(act)
        }}
      >
        <Stack gap="md">
          <div className={classes.head}>
            <img src={mark} alt="" width={44} height={44} />
            <h1>{title}</h1>
          </div>
          {done ? (
            <p role="status">{done}</p>
          ) : (
            <>
              {children}
              {fault !== null && (
                <Alert color="red" role="alert">
                  {said ? mended(t, 'invalid', said) : explain(fault)}
                </Alert>
              )}
              {busy && <Waiting>{waiting}</Waiting>}
              <Button type="submit" size="md" loading={busy}>
                {action}
              </Button>
            </>
          )}
          {below}
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

export function Back() {
  const { t } = useText()
  return <Link to="/sign-in">{t('web.signin.back')}</Link>
}
