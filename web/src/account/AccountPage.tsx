import { SegmentedControl, type MantineColorScheme, useMantineColorScheme } from '@mantine/core'
import { Page, Part } from '../settings/kit/Page.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { Password } from './Password.tsx'
import { Profile } from './Profile.tsx'
import { SecondFactor } from './SecondFactor.tsx'

const schemes = ['light', 'dark', 'auto'] as const

/** What somebody decides about themselves. */
export function AccountPage() {
  const { t } = useText()
  const { me } = useMe()
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true })
  if (!me) return null
  return (
    <Page title={t('web.nav.account')} intro={t('web.account.intro', { email: me.email ?? '', role: t.known(`web.role.${me.role}`, '') })}>
      {me.kind === 'user' && <Profile me={me} />}
      <Part title={t('web.theme')} text={t('web.account.theme.text')}>
        <div>
          <SegmentedControl
            aria-label={t('web.theme')}
            value={colorScheme}
            onChange={(value) => setColorScheme(value as MantineColorScheme)}
            data={schemes.map((s) => ({ value: s, label: t(`web.theme.${s}`) }))}
          />
        </div>
      </Part>
      {me.has_password ? (
        <>
          <Password />
          <SecondFactor on={me.second_factor ?? false} />
        </>
      ) : (
        <Part title={t('web.account.elsewhere')} text={t('web.account.elsewhere.text')} />
      )}
    </Page>
  )
}
