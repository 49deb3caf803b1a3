import { Alert, Button, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAct } from '../dialog/useAct.ts'
import { useProblemText } from '../look/States.tsx'
import { useText } from '../text/useText.tsx'
import { Desk } from './Desk.tsx'

/** Asks for a link by mail. It says the same whether or not anybody has the address. */
export function Forgot() {
  const { t } = useText()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [email, setEmail] = useState('')
  const [asked, setAsked] = useState(false)
  const ask = async () => {
    await api.post('/api/v1/password-reset', { body: { email: email.trim() } })
    setAsked(true)
  }
  return (
    <Desk title={t('web.forgot.title')} onSubmit={() => run(ask)}>
      {asked ? (
        <p role="status">{t('web.forgot.asked')}</p>
      ) : (
        <>
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
          {error !== null && (
            <Alert color="red" role="alert">
              {explain(error)}
            </Alert>
          )}
          <Button type="submit" size="md" loading={busy}>
            {t('web.forgot.action')}
          </Button>
        </>
      )}
      <Link to="/sign-in">{t('web.signin.back')}</Link>
    </Desk>
  )
}
