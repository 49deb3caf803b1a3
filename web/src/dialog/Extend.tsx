import type { Visit } from '../api/types.ts'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { toField } from '../time.ts'
import { useNow } from '../useNow.ts'
import { Until } from './Until.tsx'
import { useChanges } from './useChanges.ts'

/** Moves a running visit's departure, later or earlier. */
export function Extend({ visit, close }: { visit: Visit; close: () => void }) {
  const { t } = useText()
  const { extend } = useChanges()
  const site = useSite()
  const now = useNow(10_000)
  return (
    <Until
      title={t('web.extend.title', { name: nameOf(visit) })}
      action={t('web.extend.action')}
      waiting={t('web.waiting')}
      from={visit.checked_in_at ?? visit.expected_arrival}
      first={toField(visit.expected_departure, site.timezone)}
      base={Math.max(Date.parse(visit.expected_departure), now)}
      act={(until) => extend(visit, until).then(close)}
      close={close}
    />
  )
}
