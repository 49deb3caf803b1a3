import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import type { components } from '../api/schema.ts'
import type { Range } from './refused.ts'
import { sinceOf } from './refused.ts'

type S = components['schemas']
export type TestedAgent = S['NASTestAgent']
export type OpenTermination = S['OpenTermination']
export type RefusedPage = S['ListRefusedAnswer']

export type RefusedFilter = { reason: string; nas: string; range: Range }

const refusedAtOnce = 200

/** Refused logins, newest first; read again every few seconds, because nothing announces them. */
export const refusedLoginsQuery = (site: string, f: RefusedFilter) =>
  infiniteQueryOptions({
    queryKey: ['refused', site, f.reason, f.nas, f.range],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/sites/{site}/refused-logins', {
        path: { site },
        query: {
          reason: f.reason || undefined,
          nas_id: f.nas || undefined,
          since: sinceOf(f.range, Date.now()),
          cursor: pageParam,
          limit: refusedAtOnce,
        },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last: RefusedPage) => last.next,
    refetchInterval: 10_000,
  })

export const openTerminationsQuery = (site: string) =>
  queryOptions({
    queryKey: ['terminations', site],
    queryFn: async ({ signal }) =>
      (
        await api.get('/api/v1/sites/{site}/terminations', {
          path: { site },
          query: { open: true, limit: 200 },
          signal,
        })
      ).items,
    refetchInterval: 5000,
  })
