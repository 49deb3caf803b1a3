import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { agentsQuery, nasesQuery, refusedQuery } from '../api/queries.ts'
import type { Agent, NAS, Refused } from '../api/types.ts'
import { Icon } from '../look/Icon.tsx'
import { Failed, Waiting } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useMe } from '../useMe.ts'
import { useNow } from '../useNow.ts'
import { useTitle } from '../useTitle.ts'
import classes from './Network.module.css'

/** A site's agents and access points, and whom they refused. */
export function Network() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  useTitle(t('web.nav.network'), site.name)
  const agents = useQuery(agentsQuery(site.id))
  const nases = useQuery({ ...nasesQuery(site.id), enabled: can('nases.read') })
  const refused = useQuery({ ...refusedQuery(site.id), enabled: can('nases.read') })
  return (
    <div className={classes.page}>
      <h1>{t('web.nav.network')}</h1>
      <Part title={t('web.network.agents')} empty={t('web.network.agents.none')} query={agents}>
        {(list: Agent[]) => list.map((a) => <AgentLine key={a.id} agent={a} />)}
      </Part>
      {can('nases.read') && (
        <>
          <Part title={t('web.network.nases')} empty={t('web.network.nases.none')} query={nases}>
            {(list: NAS[]) => list.map((n) => <NASLine key={n.id} nas={n} />)}
          </Part>
          <Part title={t('web.network.refused')} empty={t('web.network.refused.none')} query={refused}>
            {(list: Refused[]) => list.map((r) => <RefusedLine key={r.id} refused={r} />)}
          </Part>
        </>
      )}
    </div>
  )
}

type PartProps<T> = {
  title: string
  empty: string
  query: { data?: T[]; error: unknown; refetch: () => void }
  children: (list: T[]) => ReactNode
}

function Part<T>({ title, empty, query, children }: PartProps<T>) {
  const { t } = useText()
  return (
    <section className={classes.part} aria-label={title}>
      <h2>{title}</h2>
      {query.data ? (
        query.data.length > 0 ? (
          <ul className={classes.list}>{children(query.data)}</ul>
        ) : (
          <p className="dimmed">{empty}</p>
        )
      ) : query.error ? (
        <Failed error={query.error} again={query.refetch} />
      ) : (
        <Waiting>{t('web.loading')}</Waiting>
      )}
    </section>
  )
}

function AgentLine({ agent }: { agent: Agent }) {
  const { t, language } = useText()
  const site = useSite()
  const now = useNow(30_000)
  const good = agent.state === 'connected'
  const since = agent.since ? near(agent.since, now, site.timezone, language) : ''
  return (
    <li className={classes.line} data-good={good} data-bad={!good && agent.state !== 'new'}>
      <Icon name={good ? 'done' : agent.state === 'new' ? 'clock' : 'warn'} />
      <div>
        <strong>{agent.name}</strong>
        <div className={classes.note}>{t(`web.agent.${agent.state}`, { since })}</div>
      </div>
      <div className={classes.note}>
        {agent.lag > 0 ? t.count('web.agent.lag', agent.lag) : agent.enrolled_at ? t('web.agent.current') : ''}
        {agent.version && <div>{t('web.agent.version', { version: agent.version })}</div>}
      </div>
    </li>
  )
}

function NASLine({ nas }: { nas: NAS }) {
  const { t, language } = useText()
  const site = useSite()
  const now = useNow(30_000)
  const at = (instant: string) => near(instant, now, site.timezone, language)
  const confirmed = nas.disconnect_confirmed_at
  return (
    <li className={classes.line} data-good={Boolean(confirmed)}>
      <Icon name={confirmed ? 'done' : 'clock'} />
      <div>
        <strong>{nas.name}</strong>
        <div className={classes.note}>{nas.source}</div>
      </div>
      <div className={classes.note}>
        <div>{confirmed ? t('web.nas.confirmed', { at: at(confirmed) }) : t('web.nas.unconfirmed')}</div>
        <div>
          {nas.accounting_seen_at
            ? t('web.nas.accounting', { at: at(nas.accounting_seen_at) })
            : t('web.nas.noaccounting')}
        </div>
      </div>
    </li>
  )
}

function RefusedLine({ refused: r }: { refused: Refused }) {
  const { t, language } = useText()
  const site = useSite()
  const now = useNow(30_000)
  return (
    <li className={classes.line}>
      <Icon name="cancelled" />
      <div>
        <strong>{r.username || t('web.refused.nobody')}</strong>
        <div>{t.known(`web.refused.${r.reason}`, r.reason)}</div>
      </div>
      <div className={classes.note}>
        <div>
          {near(r.at, now, site.timezone, language)}
          {r.count > 1 && ` · ${t.count('web.refused.times', r.count)}`}
        </div>
        <div>{[r.nas_name, r.mac].filter(Boolean).join(' · ')}</div>
      </div>
    </li>
  )
}
