import { useText } from '../../text/useText.tsx'

export function CRMPage() {
  const { t } = useText()
  return <h1>{t('web.nav.crm')}</h1>
}
