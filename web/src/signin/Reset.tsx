import { Alert, Button, PasswordInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAct } from '../dialog/useAct.ts'
import { useProblemText } from '../look/States.tsx'
import { useText } from '../text/useText.tsx'
import { Desk } from './Desk.tsx'

/** The token stands behind the #, which browsers send to nobody, and leaves the address at once. */
function takeToken(): string {
  const token = location.hash.slice(1)
  history.replaceState(null, '', location.pathname)
  return token
}

/** Chooses a password by the link of a mail. */
export function Reset() {
  const { t } = useText()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [token] = useState(takeToken)
  const [password, setPassword] = useState('')
  const [done, setDone] = useState(false)
  const choose = async () => {
    await api.post('/api/v1/password-reset/confirm', { body: { token, password } })
    setPassword('')
    setDone(true)
  }
  return (
    <Desk title={t('web.reset.title')} onSubmit={() => run(choose)}>
      {done ? (
        <p role="status">{t('web.reset.done')}</p>
      ) : (
        <>
          <PasswordInput
            label={t('web.reset.password')}
            description={t('web.reset.rule')}
            autoComplete="new-password"
            required
            withAsterisk={false}
            autoFocus
            value={password}
            onChange={(e) => setPassword(e.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': t('web.signin.show'), tabIndex: 0 }}
          />
          {error !== null && (
            <Alert color="red" role="alert">
              {explain(error)}
            </Alert>
          )}
          <Button type="submit" size="md" loading={busy}>
            {t('web.reset.action')}
          </Button>
        </>
      )}
      <Link to="/sign-in">{t('web.signin.back')}</Link>
    </Desk>
  )
}
