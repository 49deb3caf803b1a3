import { useText } from '../text/useText.tsx'

export function AccountPage() {
  const { t } = useText()
  return <h1>{t('web.nav.account')}</h1>
}
