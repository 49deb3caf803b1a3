import { useText } from '../../text/useText.tsx'

export function AuditPage() {
  const { t } = useText()
  return <h1>{t('web.nav.audit')}</h1>
}
