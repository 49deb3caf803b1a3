import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'

export type User = components['schemas']['User']
export type Role = components['schemas']['Role']
export type Token = components['schemas']['Token']

export const usersQuery = infiniteQueryOptions({
  queryKey: ['users'],
  queryFn: ({ pageParam, signal }) => api.get('/api/v1/users', { query: { cursor: pageParam, limit: 50 }, signal }),
  initialPageParam: '',
  getNextPageParam: (last) => last.next,
})

export const rolesQuery = queryOptions({
  queryKey: ['roles'],
  queryFn: async ({ signal }) => (await api.get('/api/v1/roles', { signal })).items,
  staleTime: Number.POSITIVE_INFINITY,
})

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: async ({ signal }) => (await api.get('/api/v1/tokens', { signal })).items,
})
