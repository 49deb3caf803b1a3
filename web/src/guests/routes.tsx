import { createRoute, Navigate } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { useSections } from '../frame/sections.ts'
import { NoRole, page } from '../page.tsx'
import { site } from '../parents.tsx'

/** A page of this area, with its words. */
const worded = (load: () => Promise<ComponentType>, ...needs: string[]) =>
  page(async () => {
    const [Page, { Words }] = await Promise.all([load(), import('./Words.tsx')])
    return () => (
      <Words>
        <Page />
      </Words>
    )
  }, ...needs)

const guests = createRoute({ getParentRoute: () => site, path: '/guests' })

const first = createRoute({ getParentRoute: () => guests, path: '/', component: First })

/** The first of the section's pages that is for who looks. */
function First() {
  const { site: id } = site.useParams()
  const section = useSections().find((s) => s.base === 'guests')
  if (!section) return <NoRole />
  return <Navigate to={section.to} params={{ site: id }} replace />
}

/** What a list is narrowed by; it stands in the address, so that it can be sent to somebody. */
const sought =
  <Name extends string>(...names: Name[]) =>
  (search: Record<string, unknown>): Partial<Record<Name, string>> =>
    Object.fromEntries(names.flatMap((n) => (search[n] ? [[n, String(search[n])]] : []))) as Partial<Record<Name, string>>

const accounts = createRoute({
  getParentRoute: () => guests,
  path: '/accounts',
  validateSearch: sought('q', 'lifecycle', 'contact', 'profile', 'method', 'all'),
  component: worded(async () => (await import('./AccountsPage.tsx')).AccountsPage, 'accounts.read'),
})

const account = createRoute({
  getParentRoute: () => accounts,
  path: '/$account',
  component: worded(async () => (await import('./AccountDrawer.tsx')).AccountDrawer, 'accounts.read'),
})

const authentications = createRoute({
  getParentRoute: () => guests,
  path: '/authentications',
  validateSearch: sought('q', 'state', 'status', 'portal', 'account', 'all'),
  component: worded(async () => (await import('./AuthenticationsPage.tsx')).AuthenticationsPage, 'authentications.read'),
})

const authentication = createRoute({
  getParentRoute: () => authentications,
  path: '/$authentication',
  component: worded(async () => (await import('./AuthenticationDrawer.tsx')).AuthenticationDrawer, 'authentications.read'),
})

/** Beside the list, not over it: its address is below that of the list, which the rail marks. */
const decisions = createRoute({
  getParentRoute: () => guests,
  path: '/authentications/decisions',
  validateSearch: sought('mac', 'refused'),
  component: worded(async () => (await import('./DecisionsPage.tsx')).DecisionsPage, 'authentications.read'),
})

const profiles = createRoute({
  getParentRoute: () => guests,
  path: '/profiles',
  component: worded(async () => (await import('./ProfilesPage.tsx')).ProfilesPage, 'profiles.read'),
})

const templates = createRoute({
  getParentRoute: () => guests,
  path: '/templates',
  component: worded(async () => (await import('./TemplatesPage.tsx')).TemplatesPage, 'portals.read'),
})

const template = createRoute({
  getParentRoute: () => guests,
  path: '/templates/$template',
  component: worded(async () => (await import('./TemplatePage.tsx')).TemplatePage, 'portals.read'),
})

const portals = createRoute({
  getParentRoute: () => guests,
  path: '/portals',
  component: worded(async () => (await import('./PortalsPage.tsx')).PortalsPage, 'portals.read'),
})

const portal = createRoute({
  getParentRoute: () => guests,
  path: '/portals/$portal',
  component: worded(async () => (await import('./PortalPage.tsx')).PortalPage, 'portals.read'),
})

export const guestsRoutes = [
  guests.addChildren([
    first,
    accounts.addChildren([account]),
    authentications.addChildren([authentication]),
    decisions,
    profiles,
    templates,
    template,
    portals,
    portal,
  ]),
] as const
