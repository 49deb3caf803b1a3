import { useState } from 'react'
import { api } from '../api/client.ts'
import { useText } from '../text/useText.tsx'
import { Back, Desk } from './Desk.tsx'
import { Password } from './Fields.tsx'

/** The token stands behind the #, which browsers send to nobody, and leaves the address at once. */
function takeToken(): string {
  const token = location.hash.slice(1)
  history.replaceState(null, '', location.pathname)
  return token
}

/** Chooses a password by the link of a mail. */
export function Reset() {
  const { t } = useText()
  const [token] = useState(takeToken)
  const [password, setPassword] = useState('')
  const [done, setDone] = useState(false)
  const choose = async () => {
    await api.post('/api/v1/password-reset/confirm', { body: { token, password } })
    setPassword('')
    setDone(true)
  }
  return (
    <Desk
      title={t('web.reset.title')}
      done={done ? t('web.reset.done') : undefined}
      action={t('web.reset.action')}
      waiting={t('web.waiting')}
      act={choose}
      below={<Back />}
    >
      <Password chosen first value={password} change={setPassword} />
    </Desk>
  )
}
