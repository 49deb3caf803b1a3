import { useText } from '../../text/useText.tsx'

export function SitePage() {
  const { t } = useText()
  return <h1>{t('web.nav.site')}</h1>
}
