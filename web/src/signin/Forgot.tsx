import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { loginQuery } from '../api/queries.ts'
import { useText } from '../text/useText.tsx'
import { Back, Desk } from './Desk.tsx'
import { Email } from './Fields.tsx'

/** Asks for a link by mail. It says the same whether or not anybody has the address. */
export function Forgot() {
  const { t } = useText()
  const [email, setEmail] = useState('')
  const [asked, setAsked] = useState(false)
  const { data: ways } = useQuery(loginQuery)
  const said = ways?.mail === false ? t('web.forgot.nomail') : asked ? t('web.forgot.asked') : undefined
  const ask = async () => {
    await api.post('/api/v1/password-reset', { body: { email: email.trim() } })
    setAsked(true)
  }
  return (
    <Desk
      title={t('web.forgot.title')}
      done={said}
      action={t('web.forgot.action')}
      waiting={t('web.waiting')}
      act={ask}
      below={<Back />}
    >
      <p>{t('web.forgot.text')}</p>
      <Email first value={email} change={setEmail} />
    </Desk>
  )
}
