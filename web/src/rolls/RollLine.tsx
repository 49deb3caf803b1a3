import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { useProblemText } from '../look/States.tsx'
import { useToast, useWait } from '../look/Toasts.tsx'
import { Line, More } from '../settings/kit/Lines.tsx'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { PrintDialog } from './PrintDialog.tsx'
import { type Impact, readAgain, type Roll, type Zone } from './queries.ts'
import { Retire } from './Retire.tsx'
import { RollDialog } from './RollDialog.tsx'
import { lastOf } from './roll.ts'
import { SellDialog } from './SellDialog.tsx'
import { Use } from './Use.tsx'
import { useSpan } from './useSpan.ts'

type Props = { zone: Zone; roll: Roll }

/** One roll: its terms, what has become of its codes, and what can be done with them. */
export function RollLine({ zone, roll: r }: Props) {
  const { t } = useText()
  const span = useSpan()
  const when = useWhen()
  const dates = [
    r.not_before && t('web.roll.from', { at: when(r.not_before) }),
    r.first_use_by && t('web.roll.by', { at: when(r.first_use_by) }),
    r.devices > 0 && t.count('web.roll.devices.short', r.devices),
    r.sold_only && t('web.roll.soldonly.short'),
  ].filter(Boolean)
  return (
    <Line
      icon={r.retired_at ? 'expired' : 'ticket'}
      tone={r.retired_at ? 'warn' : undefined}
      title={t('web.roll.title', { number: r.number, time: span.whole(r.seconds) })}
      note={
        <>
          {r.description && <div>{r.description}</div>}
          {r.retired_at && <div>{t('web.roll.retired')}</div>}
          {dates.length > 0 && <div>{dates.join(' · ')}</div>}
          {r.clashes > 0 && <div>{t.count('web.roll.clashes', r.clashes)}</div>}
          <Use of={r.utilisation} sold={r.sold_only} />
        </>
      }
      side={
        <>
          <div>{t.count('web.roll.codes', r.count)}</div>
          {r.first > 1 && <div>{t('web.roll.tickets', { first: r.first, last: lastOf(r) })}</div>}
        </>
      }
    >
      {!r.retired_at && <Actions zone={zone} roll={r} />}
    </Line>
  )
}

type Open = { what: 'print' | 'sell' | 'change' } | { what: 'delete'; impact: Impact } | null

function Actions({ zone, roll: r }: Props) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const client = useQueryClient()
  const toast = useToast()
  const wait = useWait()
  const explain = useProblemText()
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const path = { site: site.id, zone: zone.id, roll: r.id }
  const name = t('web.roll.name', { number: r.number })
  // Codes that are made elsewhere are printed there.
  const prints = can('rolls.print') && zone.series?.has_private_key !== false
  const sells = can('rolls.sell') && r.utilisation.sold < r.count
  const askDelete = async () => {
    try {
      const asked = api.post('/api/v1/sites/{site}/zones/{zone}/rolls/{roll}/preview', { path, body: { delete: true } })
      setOpen({ what: 'delete', impact: await wait(t('web.waiting'), asked) })
    } catch (error) {
      toast({ text: explain(error), bad: true })
    }
  }
  return (
    <>
      {prints && (
        <Button variant="default" aria-label={t('web.roll.print.of', { roll: name })} onClick={() => setOpen({ what: 'print' })}>
          {t('web.roll.print')}
        </Button>
      )}
      <More
        name={name}
        items={[
          sells && { label: t('web.roll.sell'), run: () => setOpen({ what: 'sell' }) },
          can('rolls.write') && { label: t('web.settings.change'), run: () => setOpen({ what: 'change' }) },
          can('rolls.write') && { label: t('web.rolls.delete'), bad: true, run: askDelete },
        ]}
      />
      {open?.what === 'print' && <PrintDialog zone={zone} roll={r} close={close} />}
      {open?.what === 'sell' && <SellDialog zone={zone} roll={r} close={close} />}
      {open?.what === 'change' && <RollDialog zone={zone} roll={r} rolls={[]} close={close} />}
      {open?.what === 'delete' && (
        <Retire
          title={t('web.roll.delete', { roll: name })}
          action={t('web.rolls.delete')}
          impact={open.impact}
          close={close}
          act={async (runsOn) => {
            await api.delete('/api/v1/sites/{site}/zones/{zone}/rolls/{roll}', { path, query: { runs_on: runsOn } })
            close()
            await readAgain(client, site.id)
          }}
        />
      )}
    </>
  )
}
