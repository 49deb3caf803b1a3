import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'

export type Webhook = components['schemas']['Webhook']
export type Delivery = components['schemas']['Delivery']
export type State = Delivery['state']

export const webhooksQuery = queryOptions({
  queryKey: ['webhooks'],
  queryFn: async ({ signal }) => (await api.get('/api/v1/webhooks', { signal })).items,
})

export const webhookQuery = (webhook: string) =>
  queryOptions({
    queryKey: ['webhooks', webhook],
    queryFn: ({ signal }) => api.get('/api/v1/webhooks/{webhook}', { path: { webhook }, signal }),
  })

export const deliveriesQuery = (webhook: string, state: State | '') =>
  infiniteQueryOptions({
    queryKey: ['deliveries', webhook, state],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/webhooks/{webhook}/deliveries', {
        path: { webhook },
        query: { state: state || undefined, cursor: pageParam, limit: 30 },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: 5_000,
  })

export const deliveryQuery = (webhook: string, delivery: string) =>
  queryOptions({
    queryKey: ['delivery', delivery],
    queryFn: ({ signal }) =>
      api.get('/api/v1/webhooks/{webhook}/deliveries/{delivery}', { path: { webhook, delivery }, signal }),
    refetchInterval: 5_000,
  })

/** The kinds of event that can be subscribed to. */
export const kinds = [
  'visitor.pre_registered',
  'visitor.checked_in',
  'visitor.checked_out',
  'visitor.expired',
  'visitor.cancelled',
  'visitor.no_show',
  'visitor.extended',
  'session.started',
  'session.ended',
  'session.terminated',
  'session.termination_failed',
  'agent.connected',
  'agent.disconnected',
  'person.erased',
] as const

/** What matters about a webhook first. */
export function stateOf(w: Webhook, now: number): 'gone' | 'off' | 'paused' | 'on' {
  if (!w.enabled) return w.disabled_reason === 'gone' ? 'gone' : 'off'
  return w.paused_until && Date.parse(w.paused_until) > now ? 'paused' : 'on'
}
