import { Button, Group, Modal, SegmentedControl, Stack, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { useAct } from '../../dialog/useAct.ts'
import type { IconName } from '../../look/Icon.tsx'
import { useProblemText } from '../../look/States.tsx'
import { useToast } from '../../look/Toasts.tsx'
import { Loaded } from '../../page.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Line, Lines } from '../kit/Lines.tsx'
import { Part } from '../kit/Page.tsx'
import pageClasses from '../kit/Page.module.css'
import { useReason } from '../kit/useReason.ts'
import { useWhen } from '../kit/useWhen.ts'
import { deliveriesQuery, type Delivery, deliveryQuery, type State, type Webhook } from './queries.ts'

export const stateIcons: Record<State, IconName> = { pending: 'clock', delivered: 'done', skipped: 'absent', failed: 'warn' }
export const stateTones = { pending: undefined, delivered: 'good', skipped: undefined, failed: 'bad' } as const
const states = ['', 'failed', 'pending', 'delivered'] as const
const week = 7 * 86_400_000

/** What went to a webhook, newest first. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const { t } = useText()
  const { can } = useMe()
  const client = useQueryClient()
  const toast = useToast()
  const when = useWhen()
  const reason = useReason()
  const [state, setState] = useState<(typeof states)[number]>('')
  const [open, setOpen] = useState<Delivery | null>(null)
  const [replaying, setReplaying] = useState(false)
  const query = useInfiniteQuery(deliveriesQuery(webhook.id, state))
  const list = { ...query, data: query.data?.pages.flatMap((p) => p.items) }
  return (
    <Part
      title={t('web.deliveries.title')}
      text={t('web.deliveries.text')}
      action={
        can('webhooks.write') && (
          <Button variant="default" onClick={() => setReplaying(true)}>
            {t('web.deliveries.replay.all')}
          </Button>
        )
      }
    >
      <div>
        <SegmentedControl
          aria-label={t('web.deliveries.show')}
          value={state}
          onChange={(v) => setState(v as typeof state)}
          data={states.map((s) => ({ value: s, label: s ? t(`web.outward.state.${s}`) : t('web.deliveries.any') }))}
        />
      </div>
      <Lines query={list} empty={t(state ? 'web.deliveries.none.state' : 'web.deliveries.none')}>
        {(d) => (
          <Line
            key={d.id}
            icon={stateIcons[d.state]}
            tone={stateTones[d.state]}
            title={
              <UnstyledButton onClick={() => setOpen(d)} className={pageClasses.opener}>
                {t.known(`web.event.${d.kind}`, d.kind)}
                {d.replay > 0 && <span className="dimmed"> · {t('web.deliveries.again')}</span>}
              </UnstyledButton>
            }
            note={
              <>
                {t(`web.outward.state.${d.state}`)}
                {d.reason && d.state !== 'delivered' && ` · ${reason(d.reason)}`}
              </>
            }
            side={
              <>
                <div>{when(d.ended_at ?? d.created_at)}</div>
                <div>
                  {d.state === 'pending' && d.attempts > 0 && d.next_attempt_at
                    ? t('web.deliveries.next', { at: when(d.next_attempt_at) })
                    : t.count('web.deliveries.attempts', d.attempts)}
                </div>
              </>
            }
          />
        )}
      </Lines>
      {query.hasNextPage && (
        <div>
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t('web.settings.older')}
          </Button>
        </div>
      )}
      {open && <Attempts webhook={webhook} delivery={open} close={() => setOpen(null)} />}
      {replaying && (
        <Confirm
          title={t('web.deliveries.replay.all')}
          action={t('web.deliveries.replay.do')}
          waiting={t('web.waiting')}
          close={() => setReplaying(false)}
          act={async () => {
            const since = new Date(Date.now() - week).toISOString()
            const { replayed } = await api.post('/api/v1/webhooks/{webhook}/replay', {
              path: { webhook: webhook.id },
              body: { since, state: 'failed' },
            })
            await client.invalidateQueries({ queryKey: ['deliveries', webhook.id] })
            toast({ text: t.count('web.deliveries.replayed', replayed) })
            setReplaying(false)
          }}
        >
          {t('web.deliveries.replay.text')}
        </Confirm>
      )}
    </Part>
  )
}

function Attempts({ webhook, delivery, close }: { webhook: Webhook; delivery: Delivery; close: () => void }) {
  const { t } = useText()
  const { can } = useMe()
  const client = useQueryClient()
  const toast = useToast()
  const explain = useProblemText()
  const when = useWhen()
  const reason = useReason()
  const { busy, error, run } = useAct()
  const detail = useQuery(deliveryQuery(webhook.id, delivery.id))
  const replay = async () => {
    await api.post('/api/v1/webhooks/{webhook}/deliveries/{delivery}/replay', {
      path: { webhook: webhook.id, delivery: delivery.id },
    })
    await client.invalidateQueries({ queryKey: ['deliveries', webhook.id] })
    toast({ text: t('web.deliveries.replaying') })
    close()
  }
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t.known(`web.event.${delivery.kind}`, delivery.kind)}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <Stack gap="md">
        <dl className={pageClasses.facts}>
          <dt>{t('web.deliveries.id')}</dt>
          <dd className={pageClasses.code}>{delivery.event_id}</dd>
          <dt>{t('web.deliveries.kind')}</dt>
          <dd className={pageClasses.code}>{delivery.kind}</dd>
        </dl>
        <Loaded query={detail}>
          {({ attempts }) => (
            <Lines query={{ data: attempts, error: null, refetch: () => {} }} empty={t('web.deliveries.untried')}>
              {(a) => (
                <Line
                  key={a.attempt}
                  icon={a.reason ? 'warn' : 'done'}
                  tone={a.reason ? 'bad' : 'good'}
                  title={a.reason ? reason(a.reason) : t('web.deliveries.accepted')}
                  note={a.status ? t('web.deliveries.status', { status: a.status }) : t('web.deliveries.noanswer')}
                  side={
                    <>
                      <div>{when(a.at)}</div>
                      <div>{t('web.deliveries.took', { ms: a.milliseconds })}</div>
                    </>
                  }
                />
              )}
            </Lines>
          )}
        </Loaded>
        {error !== null && <p role="alert">{explain(error)}</p>}
        <Group justify="flex-end">
          {can('webhooks.write') && delivery.state !== 'pending' && (
            <Button variant="default" loading={busy} onClick={() => run(replay)}>
              {t('web.deliveries.replay')}
            </Button>
          )}
          <Button onClick={close}>{t('web.done')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
