import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
} from '@tanstack/react-query'
import { place } from '../board/place.ts'
import { orKept } from '../evacuation/session.ts'
import { api } from './client.ts'
import type { Detail, Tab, Visit, VisitPage } from './types.ts'

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => orKept(api.get('/api/v1/me', { signal }), (k) => k.me),
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
})

/** How people sign in here. */
export const loginQuery = queryOptions({
  queryKey: ['login'],
  queryFn: ({ signal }) => api.get('/api/v1/login', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

export const sitesQuery = queryOptions({
  queryKey: ['sites'],
  queryFn: ({ signal }) =>
    orKept(
      api.get('/api/v1/sites', { signal }).then((answer) => answer.items ?? []),
      (k) => [k.site],
    ),
  staleTime: 60_000,
})

export const agentsQuery = (site: string) =>
  queryOptions({
    queryKey: ['agents', site],
    queryFn: async ({ signal }) => (await api.get('/api/v1/sites/{site}/agents', { path: { site }, signal })).items,
  })

export const nasesQuery = (site: string) =>
  queryOptions({
    queryKey: ['nases', site],
    queryFn: async ({ signal }) => (await api.get('/api/v1/sites/{site}/nases', { path: { site }, signal })).items,
  })

const pageSize = 100

export const visitsQuery = (site: string, tab: Tab, q: string) =>
  infiniteQueryOptions({
    queryKey: ['visits', site, tab, q],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/visits', { query: { site_id: site, tab, q, cursor: pageParam, limit: pageSize }, signal }),
    initialPageParam: '',
    getNextPageParam: (last: VisitPage) => last.next,
    placeholderData: q ? keepPreviousData : undefined,
  })

export const countsQuery = (site: string) =>
  queryOptions({
    queryKey: ['counts', site],
    queryFn: async ({ signal }) =>
      (await api.get('/api/v1/visits', { query: { site_id: site, tab: 'expected', limit: 1 }, signal })).counts,
  })

const suggestionsMost = 6

/** Visitors who were here before, by a part of what is known of them. Kept a moment only: it is personal. */
export const peopleQuery = (site: string, q: string) =>
  queryOptions({
    queryKey: ['people', site, q],
    queryFn: async ({ signal }) =>
      (await api.get('/api/v1/people', { query: { site_id: site, q, limit: suggestionsMost }, signal })).items,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  })

export const seriesQuery = (series: string) =>
  queryOptions({
    queryKey: ['series', series],
    queryFn: async ({ signal }) =>
      (await api.get('/api/v1/visits/series/{series}', { path: { series }, signal })).visits,
  })

export const visitQuery = (id: string) =>
  queryOptions({
    queryKey: ['visit', id],
    queryFn: ({ signal }) => api.get('/api/v1/visits/{id}', { path: { id }, signal }),
  })

/** Shows a changed visit everywhere at once; the detail is read again where it is open. */
export function showVisit(client: QueryClient, v: Visit, detail?: Detail): void {
  for (const query of client.getQueryCache().findAll({ queryKey: ['visits', v.site_id] })) {
    const [, , tab, q] = query.queryKey as [string, string, Tab, string]
    if (q) {
      client.invalidateQueries({ queryKey: query.queryKey }) // only the server knows what matches
      continue
    }
    client.setQueryData<InfiniteData<VisitPage>>(
      query.queryKey,
      (data) => data && { ...data, pages: place(data.pages, v, tab) },
    )
  }
  if (detail) client.setQueryData(['visit', v.id], detail)
  else client.invalidateQueries({ queryKey: ['visit', v.id] })
  if (v.series_id) client.invalidateQueries({ queryKey: ['series', v.series_id] })
  client.invalidateQueries({ queryKey: ['counts', v.site_id] })
}

/** After many changes at once reading the lists again is cheaper than placing each. */
export function showMany(client: QueryClient, site: string): void {
  client.invalidateQueries({ queryKey: ['visits', site] })
  client.invalidateQueries({ queryKey: ['counts', site] })
  client.invalidateQueries({ queryKey: ['series'] })
}
