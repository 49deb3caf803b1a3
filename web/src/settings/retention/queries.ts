import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'

export type Retention = components['schemas']['RetentionAnswer']
export type Erasure = components['schemas']['Erasure']
export type Lawful = components['schemas']['LawfulRequest']

export const retentionQuery = (site: string) =>
  queryOptions({
    queryKey: ['retention', site],
    queryFn: ({ signal }) => api.get('/api/v1/sites/{site}/retention', { path: { site }, signal }),
  })

export const peopleQuery = (q: string) =>
  queryOptions({
    queryKey: ['people', q],
    queryFn: async ({ signal }) => (await api.get('/api/v1/people', { query: { q, limit: 10 }, signal })).items,
    enabled: q.length > 1, // as the server asks
  })

export const erasuresQuery = infiniteQueryOptions({
  queryKey: ['erasures'],
  queryFn: ({ pageParam, signal }) => api.get('/api/v1/erasures', { query: { cursor: pageParam, limit: 20 }, signal }),
  initialPageParam: '',
  getNextPageParam: (last) => last.next,
})

export const lawfulQuery = infiniteQueryOptions({
  queryKey: ['lawful'],
  queryFn: ({ pageParam, signal }) =>
    api.get('/api/v1/lawful-requests', { query: { cursor: pageParam, limit: 20 }, signal }),
  initialPageParam: '',
  getNextPageParam: (last) => last.next,
})

/** The proofs of the nightly purges, which are rows of the installation's record. */
export const purgesQuery = queryOptions({
  queryKey: ['purges'],
  queryFn: async ({ signal }) => {
    const query = { chain: 'deployment', action: ['data.purged'], limit: 14 }
    return (await api.get('/api/v1/audit', { query, signal })).items
  },
})
