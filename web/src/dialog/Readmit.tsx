import { useState } from 'react'
import type { Visit } from '../api/types.ts'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { toField } from '../time.ts'
import { worthKeeping } from './readmission.ts'
import { Until } from './Until.tsx'
import { useChanges } from './useChanges.ts'

const hour = 3_600_000

const words = {
  stay: { title: 'web.stay.title', text: 'web.stay.text', action: 'web.stay.action' },
  readmit: { title: 'web.readmit.title', text: 'web.readmit.text', action: 'web.readmit.action' },
} as const

/**
 * A visit that has ended goes on as a new one: of somebody who is still here and
 * stays longer, or of somebody who is back.
 */
export function Readmit({ visit, close }: { visit: Visit; close: () => void }) {
  const { t } = useText()
  const { readmit } = useChanges()
  const site = useSite()
  const [now] = useState(Date.now)
  const kind = visit.presence === 'unconfirmed' ? 'stay' : 'readmit'
  const old = Date.parse(visit.expected_departure)
  const first = worthKeeping(visit, now) ? old : now + (kind === 'stay' ? hour : site.default_stay_seconds * 1000)
  return (
    <Until
      title={t(words[kind].title, { name: nameOf(visit) })}
      action={t(words[kind].action)}
      waiting={t('web.checkin.waiting')}
      from={new Date(now).toISOString()}
      first={toField(first, site.timezone)}
      base={Math.max(now, kind === 'stay' ? now : old)}
      act={(until) => readmit(visit, until)}
      close={close}
    >
      {t(words[kind].text)}
    </Until>
  )
}
