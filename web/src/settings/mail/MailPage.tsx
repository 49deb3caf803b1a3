import { useText } from '../../text/useText.tsx'

export function MailPage() {
  const { t } = useText()
  return <h1>{t('web.nav.mail')}</h1>
}
