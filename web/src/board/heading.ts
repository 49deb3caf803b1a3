import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { day, dayKey } from '../time.ts'

/** What stands over a section. A day's key is its own date; noon of it is that day in every zone. */
export function useHeading(now: number): (key: string) => string {
  const { t, language } = useText()
  const site = useSite()
  return (key) => {
    if (!/^\d/.test(key)) return t.known(`web.section.${key}`, key)
    if (key === dayKey(now, site.timezone)) return t('web.section.today_completed')
    return day(`${key}T12:00:00Z`, 'UTC', language)
  }
}
