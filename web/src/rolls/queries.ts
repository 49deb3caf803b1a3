import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import type { components } from '../api/schema.ts'

type S = components['schemas']
export type Zone = S['Zone']
export type Way = S['Way']
export type Roll = S['Roll']
export type Impact = S['RollImpact']
export type Strength = S['KeyStrength']
export type Active = S['ActiveCode']
export type ActivePage = S['ActiveAnswer']
export type Tested = S['TestCodesAnswer']
export type Printed = S['CodesAnswer']
export type Peer = S['Peer']

export const zonesQuery = (site: string) =>
  queryOptions({
    queryKey: ['zones', site],
    queryFn: async ({ signal }) => (await api.get('/api/v1/sites/{site}/zones', { path: { site }, signal })).items,
  })

/** A zone's rolls; read again every few seconds, because nothing announces uses. */
export const rollsQuery = (site: string, zone: string) =>
  queryOptions({
    queryKey: ['rolls', site, zone],
    queryFn: async ({ signal }) =>
      (await api.get('/api/v1/sites/{site}/zones/{zone}/rolls', { path: { site, zone }, signal })).items,
    refetchInterval: 10_000,
  })

/** A zone's peers; whether they follow, nothing announces. */
export const peersQuery = (site: string, zone: string) =>
  queryOptions({
    queryKey: ['zone-peers', site, zone],
    queryFn: async ({ signal }) =>
      (await api.get('/api/v1/sites/{site}/zones/{zone}/peers', { path: { site, zone }, signal })).items,
    refetchInterval: 10_000,
  })

const activeAtOnce = 100

export const activeQuery = (site: string, zone: string) =>
  infiniteQueryOptions({
    queryKey: ['active-codes', site, zone],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/sites/{site}/zones/{zone}/active', {
        path: { site, zone },
        query: { cursor: pageParam, limit: activeAtOnce },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last: ActivePage) => last.next,
    refetchInterval: 5000,
  })

/** After a change: whatever is shown of roll codes. */
export const readAgain = (client: QueryClient, site: string) =>
  Promise.all(
    ['zones', 'rolls', 'active-codes'].map((name) => client.invalidateQueries({ queryKey: [name, site] })),
  )
