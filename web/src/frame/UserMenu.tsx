import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from '@mantine/core'
import { Link, useParams } from '@tanstack/react-router'
import { Icon } from '../look/Icon.tsx'
import { type Language, languageNames, languages } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { useSignOut } from './useSignOut.tsx'

const schemes = ['light', 'dark', 'auto'] as const

export function UserMenu() {
  const { t, language, speak } = useText()
  const { me } = useMe()
  const { site } = useParams({ strict: false })
  // Switching the transitions off meanwhile takes a style element.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true })
  const { signOut, question } = useSignOut()
  return (
    <>
      <Menu width={220}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="xl" aria-label={t('web.user', { name: me?.name ?? '' })}>
            <Icon name="user" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {me?.name && <Menu.Label>{me.name}</Menu.Label>}
          {me?.kind === 'user' && site && (
            <Menu.Item
              leftSection={<Icon name="user" size={18} />}
              renderRoot={(props) => <Link to="/sites/$site/account" params={{ site }} {...props} />}
            >
              {t('web.nav.account')}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Label>{t('web.language')}</Menu.Label>
          <Menu.RadioGroup value={language} onChange={(value) => speak(value as Language)}>
            {languages.map((l) => (
              <Menu.RadioItem key={l} value={l} lang={l} closeMenuOnClick>
                {languageNames[l]}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
          <Menu.Divider />
          <Menu.Label>{t('web.theme')}</Menu.Label>
          <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as MantineColorScheme)}>
            {schemes.map((s) => (
              <Menu.RadioItem key={s} value={s} closeMenuOnClick>
                {t(`web.theme.${s}`)}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="left" size={18} />} onClick={signOut}>
            {t('web.signout')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {question}
    </>
  )
}
