import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { agentsQuery } from '../api/queries.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { clock } from '../time.ts'

/** What a check-in waits for, as far as that is known: an agent that is away, else the network. */
export function useAwaited(): () => string {
  const client = useQueryClient()
  const site = useSite()
  const { t } = useText()
  return useCallback(() => {
    const agents = client.getQueryData(agentsQuery(site.id).queryKey)
    const away = agents?.find((a) => a.state === 'offline' || a.state === 'suspect')
    if (!away?.since) return t('web.checkin.waiting')
    return t('web.checkin.waiting.agent', { agent: away.name, site: site.name, since: clock(away.since, site.timezone) })
  }, [client, site, t])
}
