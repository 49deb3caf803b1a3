import { useText } from '../text/useText.tsx'

export function Evacuation() {
  const { t } = useText()
  return <h1>{t('web.nav.evacuation')}</h1>
}
