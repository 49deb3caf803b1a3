import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'

export type Account = components['schemas']['CRMAccount']
export type Kind = Account['kind']
export type Sync = components['schemas']['CRMSync']
export type SyncState = Sync['state']

export const kindNames: Record<Kind, string> = {
  hubspot: 'HubSpot',
  salesforce: 'Salesforce',
  dynamics: 'Microsoft Dynamics 365',
  pipedrive: 'Pipedrive',
}

/** What each vendor needs beside a name. */
export const needs: Record<Kind, { address: boolean; tenant: boolean; token: boolean; client: boolean }> = {
  hubspot: { address: false, tenant: false, token: true, client: false },
  salesforce: { address: true, tenant: false, token: false, client: true },
  dynamics: { address: true, tenant: true, token: false, client: true },
  pipedrive: { address: true, tenant: false, token: true, client: false },
}

export const accountsQuery = queryOptions({
  queryKey: ['crm'],
  queryFn: async ({ signal }) => (await api.get('/api/v1/crm/accounts', { signal })).items,
})

export const siteCRMQuery = (site: string) =>
  queryOptions({
    queryKey: ['crm', 'site', site],
    queryFn: ({ signal }) => api.get('/api/v1/sites/{site}/crm', { path: { site }, signal }),
  })

export const syncsQuery = (account: string, state: SyncState | '') =>
  infiniteQueryOptions({
    queryKey: ['crm', 'syncs', account, state],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/crm/accounts/{account}/syncs', {
        path: { account },
        query: { state: state || undefined, cursor: pageParam, limit: 20 },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
  })
