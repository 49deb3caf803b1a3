import { useQuery } from '@tanstack/react-query'
import { sitesQuery } from '../api/queries.ts'

/** What a site is called; nothing for one that somebody does not see. */
export function useSiteName(): (site: string) => string {
  const { data } = useQuery(sitesQuery)
  return (site) => data?.find((s) => s.id === site)?.name ?? ''
}
