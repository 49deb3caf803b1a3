import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import { Icon } from '../look/Icon.tsx'
import { useProblemText } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { languageNames, languages } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'

const schemes = ['light', 'dark', 'auto'] as const

export function UserMenu() {
  const { t, language, speak } = useText()
  const { me } = useMe()
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const explain = useProblemText()
  // Switching the transitions off meanwhile takes a style element.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true })

  const signOut = async () => {
    try {
      await api.post('/api/v1/logout')
      client.clear()
      navigate({ to: '/sign-in' })
    } catch (error) {
      toast({ text: explain(error), bad: true })
    }
  }
  const choice = (on: boolean) => ({
    role: 'menuitemradio',
    'aria-checked': on,
    rightSection: on ? <Icon name="done" size={16} /> : null,
  })
  return (
    <Menu width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="xl" aria-label={t('web.user', { name: me?.name ?? '' })}>
          <Icon name="user" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {me?.name && <Menu.Label>{me.name}</Menu.Label>}
        <Menu.Divider />
        <Menu.Label>{t('web.language')}</Menu.Label>
        {languages.map((l) => (
          <Menu.Item key={l} lang={l} {...choice(l === language)} onClick={() => speak(l)}>
            {languageNames[l]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t('web.theme')}</Menu.Label>
        {schemes.map((s) => (
          <Menu.Item key={s} {...choice(s === colorScheme)} onClick={() => setColorScheme(s)}>
            {t(`web.theme.${s}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="left" size={18} />} onClick={signOut}>
          {t('web.signout')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
