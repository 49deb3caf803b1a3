import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useText } from '../text/useText.tsx'
import { Filters } from './Filters.tsx'
import { profilesQuery } from './queries.ts'
import { SearchField, SitesFilter } from './SearchField.tsx'
import { contacts, lifecycles, methods } from './states.ts'

export type AccountSearch = {
  q?: string
  lifecycle?: string
  contact?: string
  profile?: string
  method?: string
  /** Of all sites, not of the one alone. */
  all?: string
}

export function AccountFilters({ search }: { search: AccountSearch }) {
  const { t } = useText()
  const navigate = useNavigate()
  const { data: profiles = [] } = useQuery(profilesQuery)
  const set = (change: AccountSearch) =>
    navigate({ to: '.', search: clean({ ...search, ...change }) as never, replace: true })
  const choice = (name: 'lifecycle' | 'contact' | 'method' | 'profile', data: { value: string; label: string }[]) => (
    <NativeSelect
      label={t(`web.guests.filter.${name}`)}
      value={search[name] ?? ''}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
      data={[{ value: '', label: t('web.guests.filter.all') }, ...data]}
    />
  )
  return (
    <Filters
      search={<SearchField label={t('web.guests.accounts.search')} value={search.q ?? ''} onChange={(q) => set({ q })} />}
      set={chosen(search)}
    >
      {choice('lifecycle', keys(lifecycles).map((k) => ({ value: k, label: t(`web.guests.lifecycle.${k}`) })))}
      {choice('contact', keys(contacts).map((k) => ({ value: k, label: t(`web.guests.contact.${k}`) })))}
      {choice('profile', profiles.map((p) => ({ value: p.id, label: p.name })))}
      {choice('method', methods.map((m) => ({ value: m, label: t(`web.guests.method.${m}`) })))}
      <SitesFilter all={Boolean(search.all)} onChange={(all) => set({ all: all ? 'yes' : '' })} />
    </Filters>
  )
}

const keys = <K extends string>(of: Record<K, unknown>) => Object.keys(of) as K[]

/** How many things a list is narrowed by beside what is searched for. */
export const chosen = (search: Record<string, string | undefined>): number =>
  Object.entries(search).filter(([name, value]) => name !== 'q' && value).length

/** An address says only what is chosen. */
export const clean = (search: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(search).filter((e): e is [string, string] => Boolean(e[1])))
