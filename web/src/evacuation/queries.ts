import { queryOptions } from '@tanstack/react-query'
import { api } from '../api/client.ts'

/** All are below ['evacuation', site], which live/follow.ts reads again after events. */

export const listQuery = (site: string) =>
  queryOptions({
    queryKey: ['evacuation', site, 'list'],
    queryFn: ({ signal }) => api.get('/api/v1/sites/{site}/evacuation', { path: { site }, signal }),
  })

/** The newest first: one that goes on is the first. */
export const rollCallsQuery = (site: string) =>
  queryOptions({
    queryKey: ['evacuation', site, 'calls'],
    queryFn: async ({ signal }) =>
      (await api.get('/api/v1/sites/{site}/roll-calls', { path: { site }, query: { limit: 20 }, signal })).items,
  })

export const rollCallQuery = (site: string, call: string) =>
  queryOptions({
    queryKey: ['evacuation', site, 'call', call],
    queryFn: ({ signal }) =>
      api.get('/api/v1/sites/{site}/roll-calls/{rollcall}', { path: { site, rollcall: call }, signal }),
  })
