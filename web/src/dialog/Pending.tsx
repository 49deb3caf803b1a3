import { Alert } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { agentsQuery } from '../api/queries.ts'
import { Icon } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { clock } from '../time.ts'
import { useMe } from '../useMe.ts'

/** The network does not know the credentials yet: whom it waits for, since when. */
export function Pending() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const { data } = useQuery({ ...agentsQuery(site.id), enabled: can('agents.read') })
  const away = data?.find((a) => a.state === 'offline' || a.state === 'suspect')
  return (
    <Alert color="blue" icon={<Icon name="clock" />} title={t('web.access.pending')}>
      {away?.since
        ? t('web.access.pending.agent', { agent: away.name, site: site.name, since: clock(away.since, site.timezone) })
        : t('web.access.pending.text')}
    </Alert>
  )
}
