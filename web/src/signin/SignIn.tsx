import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { meQuery } from '../api/queries.ts'
import { useAct } from '../dialog/useAct.ts'
import mark from '../look/mark.svg'
import { useProblemText, Waiting } from '../look/States.tsx'
import { languageNames, languages } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import classes from './SignIn.module.css'

/** Where somebody who is not signed in lands, and goes on from to where they wanted. */
export function SignIn({ next }: { next: string }) {
  const { t, language, speak } = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')

  const signIn = async () => {
    const me = await api.post('/api/v1/login', { body: { email: email.trim(), password } })
    setPassword('')
    client.clear()
    client.setQueryData(meQuery.queryKey, me)
    navigate({ to: next, replace: true })
  }
  return (
    <main className={classes.page}>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault()
          run(signIn)
        }}
      >
        <Stack gap="md">
          <header className={classes.head}>
            <img src={mark} alt="" width={44} height={44} />
            <h1>{t('web.signin.title')}</h1>
          </header>
          <TextInput
            label={t('web.signin.email')}
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            autoFocus
            value={email}
            onChange={(e) => setEmail(e.currentTarget.value)}
          />
          <PasswordInput
            label={t('web.signin.password')}
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(e) => setPassword(e.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': t('web.signin.show'), tabIndex: 0 }}
          />
          {error !== null && (
            <Alert color="red" role="alert">
              {explain(error)}
            </Alert>
          )}
          {busy && <Waiting>{t('web.signin.waiting')}</Waiting>}
          <Button type="submit" size="md" loading={busy}>
            {t('web.signin.action')}
          </Button>
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
