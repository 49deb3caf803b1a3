import { Button } from '@mantine/core'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { useToast } from '../look/Toasts.tsx'
import { Line, Lines } from '../settings/kit/Lines.tsx'
import { Part } from '../settings/kit/Page.tsx'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { useNow } from '../useNow.ts'
import { OfZone } from './OfZone.tsx'
import { type Active, activeQuery, readAgain, type Zone } from './queries.ts'
import classes from './Rolls.module.css'
import { useSpan } from './useSpan.ts'

/** Codes in use, the next to end first. */
export function ActivePage() {
  const { t } = useText()
  return (
    <OfZone title={t('web.rolls.active')} intro={t('web.rolls.active.text')}>
      {(zone) => <InUse zone={zone} />}
    </OfZone>
  )
}

function InUse({ zone }: { zone: Zone }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const query = useInfiniteQuery(activeQuery(site.id, zone.id))
  const [ending, setEnding] = useState<Active | null>(null)
  const list = { ...query, data: query.data?.pages.flatMap((p) => p.items) }
  return (
    <Part title={zone.name}>
      <Lines query={list} empty={t('web.rolls.active.none')}>
        {(a) => (
          <ActiveLine key={a.access_id} active={a} readAt={query.dataUpdatedAt}>
            {can('rolls.expire') && a.code && (
              <Button
                variant="default"
                aria-label={t('web.rolls.end.of', { number: a.number, ticket: a.ticket })}
                onClick={() => setEnding(a)}
              >
                {t('web.rolls.end')}
              </Button>
            )}
          </ActiveLine>
        )}
      </Lines>
      {query.hasNextPage && (
        <Button variant="default" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
          {t('web.rolls.active.more')}
        </Button>
      )}
      {ending && <End zone={zone} active={ending} close={() => setEnding(null)} />}
    </Part>
  )
}

const soonSeconds = 300

type LineProps = { active: Active; readAt: number; children: React.ReactNode }

function ActiveLine({ active: a, readAt, children }: LineProps) {
  const { t } = useText()
  const when = useWhen()
  const span = useSpan()
  const now = useNow(1000)
  // From what the server said is left: this device's clock may be wrong.
  const left = Math.max(0, a.seconds - Math.max(0, (now - readAt) / 1000))
  return (
    <Line
      icon="clock"
      title={a.code ? <span className={classes.code}>{a.code}</span> : t('web.rolls.ticket', { number: a.number, ticket: a.ticket })}
      note={
        <>
          {a.code && <div>{t('web.rolls.ticket', { number: a.number, ticket: a.ticket })}</div>}
          <div>
            {t('web.rolls.active.since', { at: when(a.started_at) })} · {t.count('web.rolls.active.devices', a.sessions)}
          </div>
          {a.codes > 1 && <div>{t.count('web.rolls.active.codes', a.codes)}</div>}
        </>
      }
      side={
        <>
          <div className={classes.left} data-soon={left < soonSeconds || undefined}>
            {left > 0 ? t('web.rolls.active.left', { time: span.left(left) }) : t('web.rolls.active.over')}
          </div>
          <div>{t('web.rolls.active.until', { at: when(a.ends_at) })}</div>
        </>
      }
    >
      {children}
    </Line>
  )
}

function End({ zone, active: a, close }: { zone: Zone; active: Active; close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const toast = useToast()
  return (
    <Confirm
      title={t('web.rolls.end.ask', { number: a.number, ticket: a.ticket })}
      action={t('web.rolls.end')}
      waiting={t('web.waiting')}
      danger
      close={close}
      act={async () => {
        const path = { site: site.id, zone: zone.id }
        await api.post('/api/v1/sites/{site}/zones/{zone}/expire', { path, body: { codes: a.code ?? '' } })
        await readAgain(client, site.id)
        toast({ text: t('web.rolls.end.done', { number: a.number, ticket: a.ticket }) })
        close()
      }}
    >
      {t('web.rolls.end.text')}
    </Confirm>
  )
}
