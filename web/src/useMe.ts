import { useQuery } from '@tanstack/react-query'
import { meQuery } from './api/queries.ts'
import type { Me } from './api/types.ts'

/** Who is signed in; null while that is not known. */
export function useMe(): { me: Me | null; can: (permission: string) => boolean } {
  const { data } = useQuery(meQuery)
  return { me: data ?? null, can: (permission) => data?.permissions.includes(permission) ?? false }
}
