import { useText } from '../../text/useText.tsx'

export function RetentionPage() {
  const { t } = useText()
  return <h1>{t('web.nav.retention')}</h1>
}
