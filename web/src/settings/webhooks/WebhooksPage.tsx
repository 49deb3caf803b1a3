import { useText } from '../../text/useText.tsx'

export function WebhooksPage() {
  const { t } = useText()
  return <h1>{t('web.nav.webhooks')}</h1>
}
