import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useNow } from '../useNow.ts'
import { lastOf, momentOf } from './validity.ts'

/** Says when something was, and the last that an exclusive end includes, by the clock of the site. */
export function useDates() {
  const { language } = useText()
  const { timezone } = useSite()
  const now = useNow(30_000)
  return {
    at: (instant: string) => momentOf(instant, now, timezone, language),
    last: (end: string) => lastOf(end, now, timezone, language),
  }
}
