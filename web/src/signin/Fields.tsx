import { PasswordInput, TextInput } from '@mantine/core'
import { useText } from '../text/useText.tsx'

type Props = { value: string; change: (text: string) => void; first?: boolean }

/** The address by which somebody is known here. */
export function Email({ value, change, first }: Props) {
  const { t } = useText()
  return (
    <TextInput
      label={t('web.signin.email')}
      type="email"
      autoComplete="username"
      required
      withAsterisk={false}
      autoFocus={first}
      value={value}
      onChange={(e) => change(e.currentTarget.value)}
    />
  )
}

/** A password that somebody has, or chooses. */
export function Password({ value, change, first, chosen }: Props & { chosen?: boolean }) {
  const { t } = useText()
  return (
    <PasswordInput
      label={t(chosen ? 'web.reset.password' : 'web.signin.password')}
      description={chosen && t('web.reset.rule')}
      autoComplete={chosen ? 'new-password' : 'current-password'}
      required
      withAsterisk={false}
      autoFocus={first}
      value={value}
      onChange={(e) => change(e.currentTarget.value)}
      visibilityToggleButtonProps={{ 'aria-label': t('web.signin.show'), tabIndex: 0 }}
    />
  )
}
