import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, type LinkProps, useLocation } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import { agentsQuery } from '../api/queries.ts'
import { useRollCallOn, useSendLeft } from '../evacuation/useRollCallOn.ts'
import { Icon } from '../look/Icon.tsx'
import { openTerminationsQuery } from '../network/queries.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useMe } from '../useMe.ts'
import classes from './Frame.module.css'
import { expiring, mailFailing, stuck } from './trouble.ts'

/** Something that a person has to see to, and where. */
type Trouble = { key: string; text: string; to: NonNullable<LinkProps['to']> }

/** Shown only while somebody has to do something. */
export function Banners() {
  const { t } = useText()
  const site = useSite()
  useSendLeft()
  const troubles = [...useEvacuationOn(), ...useAgentsAway(), ...useExpiring(), ...useStuck(), ...useMailFailing()]
  return troubles.map((x) => (
    <div key={x.key} className={classes.banner} role="status">
      <Icon name="warn" />
      <span>{x.text}</span>
      <Button
        size="compact-sm"
        variant="default"
        renderRoot={(props) => <Link to={x.to} params={{ site: site.id }} {...props} />}
      >
        {t('web.agent.look')}
      </Button>
    </div>
  ))
}

/** Except where one sees it anyway. */
function useEvacuationOn(): Trouble[] {
  const { t, language } = useText()
  const site = useSite()
  const call = useRollCallOn()
  const there = useLocation({ select: (l) => /^\/sites\/[^/]+\/evacuation/.test(l.pathname) })
  if (!call || there) return []
  const at = near(call.started_at, Date.now(), site.timezone, language)
  return [{ key: 'evacuation', text: t(`web.evacuation.banner.${call.kind}`, { at }), to: '/sites/$site/evacuation' }]
}

function useAgentsAway(): Trouble[] {
  const { t, language } = useText()
  const site = useSite()
  const { can } = useMe()
  const { data } = useQuery({ ...agentsQuery(site.id), enabled: can('agents.read') })
  const first = data?.find((a) => a.enrolled_at && a.state !== 'connected')
  if (!first) return []
  const since = near(first.since ?? first.created_at, Date.now(), site.timezone, language)
  const state = first.state === 'quarantined' ? 'quarantined' : 'offline'
  return [
    { key: 'agent', text: t(`web.agent.away.${state}`, { agent: first.name, since }), to: '/sites/$site/network' },
  ]
}

const lookEvery = 120_000

function useExpiring(): Trouble[] {
  const { t, language } = useText()
  const site = useSite()
  const { can } = useMe()
  const { data = [] } = useQuery({ ...agentsQuery(site.id), enabled: can('agents.read') })
  const now = Date.now()
  return expiring(data, now).map((a) => {
    const end = a.certificate_not_after ?? ''
    const over = Date.parse(end) <= now
    const values = { agent: a.name, at: near(end, now, site.timezone, language) }
    return {
      key: `certificate-${a.id}`,
      text: t(over ? 'web.trouble.certificate.over' : 'web.trouble.certificate', values),
      to: '/sites/$site/network',
    }
  })
}

function useStuck(): Trouble[] {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const { data = [] } = useQuery({
    ...openTerminationsQuery(site.id),
    enabled: can('visits.terminate'),
    refetchInterval: lookEvery,
  })
  const n = stuck(data, Date.now()).length
  if (n === 0) return []
  return [{ key: 'terminations', text: t.count('web.trouble.stuck', n), to: '/sites/$site/network/terminations' }]
}

function useMailFailing(): Trouble[] {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const { data = [] } = useQuery({
    queryKey: ['mails', site.id, 'newest'],
    queryFn: async ({ signal }) => {
      const options = { path: { site: site.id }, query: { limit: 20 }, signal }
      return (await api.get('/api/v1/sites/{site}/mail/deliveries', options)).items
    },
    enabled: can('sites.write'),
    refetchInterval: lookEvery,
  })
  return mailFailing(data) ? [{ key: 'mail', text: t('web.trouble.mail'), to: '/sites/$site/settings/mail' }] : []
}
