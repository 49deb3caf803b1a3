import { queryOptions } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { testVisitor } from './steps.ts'

/** The test's visit at a site, or null; the newest where there are several, ended or not. */
export const testVisitQuery = (site: string) =>
  queryOptions({
    queryKey: ['setup', site],
    queryFn: async ({ signal }) => {
      const q = Object.values(testVisitor).join(' ')
      return (await api.get('/api/v1/visits', { query: { site_id: site, q, limit: 1 }, signal })).items[0] ?? null
    },
  })

/** What was refused since an instant, for who waits for the first login. */
export const refusedSinceQuery = (site: string, since: string) =>
  queryOptions({
    queryKey: ['refused', site, 'since', since],
    queryFn: async ({ signal }) =>
      (await api.get('/api/v1/sites/{site}/refused-logins', { path: { site }, query: { since, limit: 50 }, signal }))
        .items,
    refetchInterval: 2000,
  })
