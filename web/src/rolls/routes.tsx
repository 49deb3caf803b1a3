import { createRoute, Navigate } from '@tanstack/react-router'
import { useSections } from '../frame/sections.ts'
import { NoRole, page } from '../page.tsx'
import { site } from '../parents.tsx'

const rolls = createRoute({ getParentRoute: () => site, path: '/rolls' })

const first = createRoute({ getParentRoute: () => rolls, path: '/', component: First })

/** The first of the section's pages that is for who looks. */
function First() {
  const { site: id } = site.useParams()
  const section = useSections().find((s) => s.base === 'rolls')
  if (!section) return <NoRole />
  return <Navigate to={section.to} params={{ site: id }} replace />
}

type Sought = { zone?: string }
const validateSearch = (search: Record<string, unknown>): Sought => (search.zone ? { zone: String(search.zone) } : {})

const zones = createRoute({
  getParentRoute: () => rolls,
  path: '/zones',
  component: page(async () => (await import('./ZonesPage.tsx')).ZonesPage, 'rolls.read'),
})

const zone = createRoute({
  getParentRoute: () => rolls,
  path: '/zones/$zone',
  component: page(async () => (await import('./ZonePage.tsx')).ZonePage, 'rolls.read'),
})

const active = createRoute({
  getParentRoute: () => rolls,
  path: '/active',
  validateSearch,
  component: page(async () => (await import('./ActivePage.tsx')).ActivePage, 'rolls.read'),
})

const test = createRoute({
  getParentRoute: () => rolls,
  path: '/test',
  validateSearch,
  component: page(async () => (await import('./TestPage.tsx')).TestPage, 'rolls.test'),
})

const expire = createRoute({
  getParentRoute: () => rolls,
  path: '/expire',
  validateSearch,
  component: page(async () => (await import('./ExpirePage.tsx')).ExpirePage, 'rolls.expire'),
})

export const rollsRoutes = [rolls.addChildren([first, zones, zone, active, test, expire])] as const
