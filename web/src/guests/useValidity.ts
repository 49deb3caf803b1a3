import { useText } from '../text/useText.tsx'
import type { Validity } from './queries.ts'
import { useDates } from './useDates.ts'

/** Says how long a validity is: "5 days, the first one counted". */
export function useValidity(): (v: Validity) => string {
  const { t } = useText()
  const { last } = useDates()
  return (v) => {
    switch (v.kind) {
      case 'hours':
        return t.count('web.guests.validity.hours', v.value ?? 0)
      case 'days':
        return t.count('web.guests.validity.days', v.value ?? 0)
      default:
        return v.until ? t('web.guests.validity.until', { until: last(v.until) }) : '–'
    }
  }
}
