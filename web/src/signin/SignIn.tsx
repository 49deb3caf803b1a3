import { Alert, Button, PasswordInput, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { loginQuery, meQuery } from '../api/queries.ts'
import { useAct } from '../dialog/useAct.ts'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useText } from '../text/useText.tsx'
import { Desk } from './Desk.tsx'

type Props = { next: string; problem?: string }

/** Where somebody who is not signed in lands, and goes on from to where they wanted. */
export function SignIn({ next, problem }: Props) {
  const { t } = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const { data: ways } = useQuery(loginQuery)
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState<string | null>(null)

  const signIn = async () => {
    try {
      const body = { email: email.trim(), password, ...(code ? { code } : {}) }
      const me = await api.post('/api/v1/login', { body })
      client.clear()
      client.setQueryData(meQuery.queryKey, me)
      navigate({ to: next, replace: true })
    } catch (e) {
      // The password is right; the same is sent again with a code.
      if (!(e instanceof Problem && e.code === 'totp_required')) throw e
      setCode('')
    }
  }
  const shown = error ?? (problem ? new Problem(401, problem, '') : null)
  return (
    <Desk title={t('web.signin.title')} onSubmit={() => run(signIn)}>
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
      {code !== null && (
        <TextInput
          label={t('web.signin.code')}
          description={t('web.signin.code.text')}
          autoComplete="one-time-code"
          required
          withAsterisk={false}
          autoFocus
          value={code}
          onChange={(e) => setCode(e.currentTarget.value)}
        />
      )}
      {shown !== null && (
        <Alert color="red" role="alert">
          {explain(shown)}
        </Alert>
      )}
      {busy && <Waiting>{t('web.signin.waiting')}</Waiting>}
      <Button type="submit" size="md" loading={busy}>
        {t('web.signin.action')}
      </Button>
      {ways?.sign_on && (
        <Button component="a" href="/api/v1/oidc/start" variant="default" size="md">
          {t('web.signin.elsewhere', { name: ways.sign_on })}
        </Button>
      )}
      <Link to="/forgot">{t('web.forgot')}</Link>
    </Desk>
  )
}
