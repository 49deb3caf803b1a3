import { Button, Group, SegmentedControl } from '@mantine/core'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { useAct } from '../../dialog/useAct.ts'
import { Icon, type IconName } from '../../look/Icon.tsx'
import { useProblemText, Waiting } from '../../look/States.tsx'
import { useToast } from '../../look/Toasts.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Line, Lines, More } from '../kit/Lines.tsx'
import pageClasses from '../kit/Page.module.css'
import { useReason } from '../kit/useReason.ts'
import { useWhen } from '../kit/useWhen.ts'
import { AccountDialog } from './AccountDialog.tsx'
import classes from './CRM.module.css'
import { type Account, accountsQuery, kindNames, type SyncState, syncsQuery } from './queries.ts'

type Tested = components['schemas']['TestCRMAnswer']
type SetUp = components['schemas']['SetupCRMAnswer']

const icons: Record<SyncState, IconName> = {
  synced: 'done',
  pending: 'clock',
  needs_attention: 'warn',
  skipped: 'absent',
  erased: 'absent',
}
const tones = { synced: 'good', pending: undefined, needs_attention: 'bad', skipped: undefined, erased: undefined } as const
const states = ['needs_attention', 'pending', 'synced', ''] as const

/** One account: whether it answers, and what became of the visits that went there. */
export function AccountPart({ account: a }: { account: Account }) {
  const { t } = useText()
  const { me, can } = useMe()
  const client = useQueryClient()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [open, setOpen] = useState<'change' | 'delete' | null>(null)
  const [tested, setTested] = useState<Tested | null>(null)
  const [setUp, setSetUp] = useState<SetUp | null>(null)
  const path = { account: a.id }
  const test = async () => {
    setSetUp(null)
    setTested(await api.post('/api/v1/crm/accounts/{account}/test', { path }))
  }
  const prepare = async () => {
    setTested(null)
    setSetUp(await api.post('/api/v1/crm/accounts/{account}/setup', { path }))
    await client.invalidateQueries({ queryKey: accountsQuery.queryKey })
  }
  const all = can('crm.write') && me?.all_sites
  return (
    <article className={classes.account} aria-label={a.name}>
      <div className={pageClasses.head}>
        <h3>
          {a.name} <span className="dimmed">{kindNames[a.kind]}</span>
        </h3>
        <Group gap="xs">
          {can('crm.write') && (
            <Button variant="default" loading={busy} onClick={() => run(test)}>
              {t('web.crmpage.test')}
            </Button>
          )}
          {all && (
            <More
              name={a.name}
              items={[
                { label: t('web.settings.change'), run: () => setOpen('change') },
                { label: t('web.crmpage.setup'), run: () => void run(prepare) },
                { label: t('web.settings.remove'), bad: true, run: () => setOpen('delete') },
              ]}
            />
          )}
        </Group>
      </div>
      {busy && <Waiting>{t('web.crmpage.waiting', { name: kindNames[a.kind] })}</Waiting>}
      {error !== null && <p role="alert">{explain(error)}</p>}
      {tested && <Outcome good={tested.ready} reason={tested.reason} detail={tested.detail} />}
      {setUp && (
        <Outcome good={setUp.ready} reason={setUp.reason} detail={setUp.detail} made={setUp.made} todo={setUp.to_do} />
      )}
      <Syncs account={a} />
      {open === 'change' && <AccountDialog account={a} close={() => setOpen(null)} />}
      {open === 'delete' && (
        <Confirm
          title={t('web.crmpage.delete.ask', { name: a.name })}
          action={t('web.settings.remove')}
          waiting={t('web.waiting')}
          danger
          close={() => setOpen(null)}
          act={async () => {
            await api.delete('/api/v1/crm/accounts/{account}', { path })
            await client.invalidateQueries({ queryKey: accountsQuery.queryKey })
          }}
        >
          {t('web.crmpage.delete.text')}
        </Confirm>
      )}
    </article>
  )
}

type OutcomeProps = { good: boolean; reason?: string; detail?: string; made?: string[]; todo?: string[] }

/** What an account answered just now. */
function Outcome({ good, reason, detail, made = [], todo = [] }: OutcomeProps) {
  const { t } = useText()
  const said = useReason()
  return (
    <div className={classes.outcome} data-bad={!good || undefined} role="status">
      <Icon name={good ? 'done' : 'warn'} />
      <div>
        {good ? t('web.crmpage.ready') : reason ? said(reason) : t('web.crmpage.unready')}
        {!good && detail && <div>{detail}</div>}
        {made.length > 0 && <div>{t('web.crmpage.made', { what: made.join(', ') })}</div>}
        {todo.length > 0 && (
          <ul>
            {todo.map((x) => (
              <li key={x}>{x}</li>
            ))}
          </ul>
        )}
      </div>
    </div>
  )
}

function Syncs({ account }: { account: Account }) {
  const { t } = useText()
  const { can } = useMe()
  const client = useQueryClient()
  const toast = useToast()
  const explain = useProblemText()
  const when = useWhen()
  const reason = useReason()
  const { busy, error, run } = useAct()
  const [state, setState] = useState<(typeof states)[number]>('needs_attention')
  const query = useInfiniteQuery(syncsQuery(account.id, state))
  const list = { ...query, data: query.data?.pages.flatMap((p) => p.items) }
  const retry = async () => {
    let retried = 0
    let cursor: string | undefined = ''
    // A hundred at a time; ten rounds are more than anybody waits for.
    for (let round = 0; round < 10 && cursor !== undefined; round++) {
      const answer: components['schemas']['RetryCRMsAnswer'] = await api.post('/api/v1/crm/accounts/{account}/retry', {
        path: { account: account.id },
        query: { cursor },
      })
      retried += answer.retried
      cursor = answer.next
    }
    toast({ text: t.count('web.crmpage.retried', retried) })
    await client.invalidateQueries({ queryKey: ['crm', 'syncs', account.id] })
  }
  return (
    <>
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          aria-label={t('web.deliveries.show')}
          value={state}
          onChange={(v) => setState(v as typeof state)}
          data={states.map((s) => ({ value: s, label: t(`web.crmpage.state.${s || 'all'}`) }))}
        />
        {can('crm.write') && state === 'needs_attention' && (list.data?.length ?? 0) > 0 && (
          <Button variant="default" loading={busy} onClick={() => run(retry)}>
            {t('web.crmpage.retry')}
          </Button>
        )}
      </Group>
      {error !== null && <p role="alert">{explain(error)}</p>}
      <Lines query={list} empty={t(state === 'needs_attention' ? 'web.crmpage.well' : 'web.crmpage.nothing')}>
        {(s) => (
          <Line
            key={s.visit_id}
            icon={icons[s.state]}
            tone={tones[s.state]}
            title={<Link to="/visits/$visit" params={{ visit: s.visit_id }}>{t('web.crmpage.visit')}</Link>}
            note={
              <>
                {t(`web.crmpage.state.${s.state}`)}
                {s.reason && ` · ${reason(s.reason)}`}
              </>
            }
            side={
              <>
                <div>{when(s.synced_at ?? s.tried_at)}</div>
                <div>{t.count('web.deliveries.attempts', s.attempts)}</div>
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
    </>
  )
}
