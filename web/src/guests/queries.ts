import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import type { components } from '../api/schema.ts'

type S = components['schemas']
export type Account = S['Account']
export type AccountDetail = S['AccountDetailAnswer']
export type Authentication = S['Authentication']
export type AuthenticationDetail = S['AuthenticationDetailAnswer']
export type Decision = S['PortalDecision']
export type Profile = S['Profile']
export type Validity = S['Validity']
export type Template = S['Template']
export type AccessRule = S['AccessRule']
export type Consent = S['Consent']
export type Portal = S['Portal']
export type Vendor = S['Vendor']
export type Setup = S['SetupPortalAnswer']

const atOnce = 50
/** Nothing announces what guests do at a portal: lists are read again. */
const every = 5000

export type AccountFilter = {
  site?: string
  q?: string
  lifecycle?: string
  contact?: string
  profile?: string
  method?: string
}

export const accountsQuery = (f: AccountFilter) =>
  infiniteQueryOptions({
    queryKey: ['accounts', f],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/accounts', {
        query: {
          site_id: f.site,
          q: f.q,
          lifecycle: f.lifecycle,
          contact_status: f.contact,
          profile_id: f.profile,
          method: f.method,
          cursor: pageParam,
          limit: atOnce,
        } as never,
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: every,
  })

export const accountQuery = (account: string) =>
  queryOptions({
    queryKey: ['account', account],
    queryFn: ({ signal }) => api.get('/api/v1/accounts/{account}', { path: { account }, signal }),
    refetchInterval: every,
  })

export const decisionsQuery = (account: string) =>
  infiniteQueryOptions({
    queryKey: ['account-decisions', account],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/accounts/{account}/decisions', {
        path: { account },
        query: { cursor: pageParam, limit: 10 },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: every,
  })

/** Those of all devices at a site's portals: of one of them, or of who was refused. */
export const siteDecisionsQuery = (site: string, f: { mac?: string; refused?: boolean }) =>
  infiniteQueryOptions({
    queryKey: ['site-decisions', site, f],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/sites/{site}/portal-decisions', {
        path: { site },
        query: { q: f.mac, refused: f.refused || undefined, cursor: pageParam, limit: atOnce },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: every,
  })

export type AuthenticationFilter = {
  site?: string
  q?: string
  state?: string
  status?: string
  portal?: string
  account?: string
}

export const authenticationsQuery = (f: AuthenticationFilter) =>
  infiniteQueryOptions({
    queryKey: ['authentications', f],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/authentications', {
        query: {
          site_id: f.site,
          account_id: f.account,
          portal_id: f.portal,
          green: f.state ? String(f.state === 'green') : undefined,
          status: f.status,
          q: f.q,
          cursor: pageParam,
          limit: atOnce,
        } as never,
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: every,
  })

export const authenticationQuery = (authentication: string) =>
  queryOptions({
    queryKey: ['authentication', authentication],
    queryFn: ({ signal }) =>
      api.get('/api/v1/authentications/{authentication}', { path: { authentication }, signal }),
    refetchInterval: every,
  })

export const greenQuery = (site: string | undefined) =>
  queryOptions({
    queryKey: ['authentications-green', site],
    queryFn: ({ signal }) => api.get('/api/v1/authentications/count', { query: { site_id: site }, signal }),
    refetchInterval: every,
  })

export const profilesQuery = queryOptions({
  queryKey: ['profiles'],
  queryFn: async ({ signal }) => (await api.get('/api/v1/profiles', { signal })).items,
})

export const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: async ({ signal }) => (await api.get('/api/v1/templates', { signal })).items,
})

export const consentsQuery = (template: string) =>
  queryOptions({
    queryKey: ['consents', template],
    queryFn: async ({ signal }) =>
      (await api.get('/api/v1/templates/{template}/consents', { path: { template }, signal })).items,
  })

/** An older version of what guests agreed to; it does not change any more. */
export const oldConsentQuery = (template: string, kind: Consent['kind'], version: number) =>
  queryOptions({
    queryKey: ['consent', template, kind, version],
    queryFn: ({ signal }) =>
      api.get('/api/v1/templates/{template}/consents/{kind}', { path: { template, kind }, query: { version }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })

export const vendorsQuery = queryOptions({
  queryKey: ['portal-vendors'],
  queryFn: async ({ signal }) => (await api.get('/api/v1/portal-vendors', { signal })).items,
  staleTime: Number.POSITIVE_INFINITY,
})

export const portalsQuery = (site: string) =>
  queryOptions({
    queryKey: ['portals', site],
    queryFn: async ({ signal }) => (await api.get('/api/v1/sites/{site}/portals', { path: { site }, signal })).items,
  })

export const setupQuery = (site: string, portal: string) =>
  queryOptions({
    queryKey: ['portal-setup', site, portal],
    queryFn: ({ signal }) => api.get('/api/v1/sites/{site}/portals/{portal}/setup', { path: { site, portal }, signal }),
  })

const ofGuests = ['accounts', 'account', 'account-decisions', 'authentications', 'authentication', 'authentications-green']
const ofPortals = ['profiles', 'templates', 'consents', 'portals', 'portal-setup']

const read = (client: QueryClient, names: string[]) =>
  Promise.all(names.map((name) => client.invalidateQueries({ queryKey: [name] })))

/** After a change of an account or an authentication. */
export const readGuests = (client: QueryClient) => read(client, ofGuests)

/** After a change of a profile, template or portal: each names others. */
export const readPortals = (client: QueryClient) => read(client, ofPortals)
