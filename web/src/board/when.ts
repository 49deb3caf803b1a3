import type { Tab, Visit } from '../api/types.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { clock, dayKey, near } from '../time.ts'

/** The time that matters on a tab. */
export function useWhen(tab: Tab, now: number): (v: Visit) => string {
  const { t, language } = useText()
  const site = useSite()
  const at = (instant: string | undefined) => (instant ? near(instant, now, site.timezone, language) : '–')
  return (v) => {
    // Where the heading names the day, the row need not.
    const ahead = dayKey(v.expected_arrival, site.timezone) > dayKey(now, site.timezone)
    const ended = v.ended_at ? clock(v.ended_at, site.timezone) : '–'
    switch (tab) {
      case 'expected':
        return t('web.when.expected', { at: ahead ? clock(v.expected_arrival, site.timezone) : at(v.expected_arrival) })
      case 'on_site':
        if (v.presence === 'unconfirmed') return t('web.when.overdue', { at: at(v.expected_departure) })
        return t('web.when.in', { from: at(v.checked_in_at), to: at(v.expected_departure) })
      case 'completed':
        return t(v.status === 'checked_out' ? 'web.when.left' : 'web.when.ended', { at: ended })
    }
  }
}
