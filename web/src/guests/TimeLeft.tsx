import { useSpan } from '../rolls/useSpan.ts'
import { useText } from '../text/useText.tsx'
import { useNow } from '../useNow.ts'
import type { Authentication } from './queries.ts'
import { useDates } from './useDates.ts'

/** While it is green, how long still and what ends it; from then on when and why it ended. */
export function TimeLeft({ authentication: a }: { authentication: Authentication }) {
  const { t } = useText()
  const span = useSpan()
  const { at } = useDates()
  const now = useNow(1000)
  if (!a.green) {
    const why = t.known(`web.guests.over.${a.reason || a.ends_with}`, a.reason ?? '')
    return <>{t('web.guests.ended', { at: at(a.ended_at ?? a.expires_at), why })}</>
  }
  const left = Math.max(0, Math.floor((Date.parse(a.expires_at) - now) / 1000))
  return (
    <>
      {t(`web.guests.expires.${a.ends_with}`, { at: at(a.expires_at), left: left > 0 ? span.left(left) : t('web.guests.nearly') })}
    </>
  )
}
