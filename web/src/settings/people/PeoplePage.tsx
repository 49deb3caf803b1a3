import { useText } from '../../text/useText.tsx'

export function PeoplePage() {
  const { t } = useText()
  return <h1>{t('web.nav.people')}</h1>
}
