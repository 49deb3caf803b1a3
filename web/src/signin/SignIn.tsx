import { Button, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { loginQuery, meQuery } from '../api/queries.ts'
import { useText } from '../text/useText.tsx'
import { Desk } from './Desk.tsx'
import classes from './Desk.module.css'
import { Email, Password } from './Fields.tsx'

type Props = { next: string; problem?: string }

/** Where somebody who is not signed in lands, and goes on from to where they wanted. */
export function SignIn({ next, problem }: Props) {
  const { t } = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
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
  return (
    <Desk
      title={t('web.signin.title')}
      action={t('web.signin.action')}
      waiting={t('web.signin.waiting')}
      act={signIn}
      problem={problem ? new Problem(401, problem, '') : null}
      below={
        <>
          {ways?.sign_on && (
            <>
              <div className={classes.or}>{t('web.signin.or')}</div>
              <Button component="a" href="/api/v1/oidc/start" variant="default" size="md">
                {t('web.signin.elsewhere', { name: ways.sign_on })}
              </Button>
            </>
          )}
          {ways?.mail && <Link to="/forgot">{t('web.forgot')}</Link>}
          {ways?.mail === false && <p className="dimmed">{t('web.forgot.nomail')}</p>}
        </>
      }
    >
      <Email first value={email} change={setEmail} />
      <Password value={password} change={setPassword} />
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
    </Desk>
  )
}
