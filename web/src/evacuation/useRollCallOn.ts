import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useLive } from '../live/LiveProvider.tsx'
import { useSite } from '../site.tsx'
import { useMe } from '../useMe.ts'
import { sendLeft } from './leaving.ts'
import { rollCallsQuery } from './queries.ts'
import type { RollCall } from './types.ts'

/** The roll call that goes on at the site, for whatever page one is at. */
export function useRollCallOn(): RollCall | undefined {
  const site = useSite()
  const { can } = useMe()
  const { data } = useQuery({ ...rollCallsQuery(site.id), enabled: can('evacuation.read') })
  return data?.find((c) => !c.ended_at)
}

/** Marks that were made without a network are sent from any page, once there is one. */
export function useSendLeft(): void {
  const { me, can } = useMe()
  const live = useLive().kind === 'live'
  const actor = me && can('evacuation.write') ? `${me.kind}:${me.id}` : ''
  useEffect(() => {
    if (live && actor) void sendLeft(actor)
  }, [live, actor])
}
