import { createRoute, Navigate } from '@tanstack/react-router'
import { NoRole, page } from '../page.tsx'
import { site } from '../parents.tsx'
import { useSections } from '../frame/sections.ts'

const network = createRoute({ getParentRoute: () => site, path: '/network' })

const first = createRoute({ getParentRoute: () => network, path: '/', component: First })

/** The first of the section's pages that is for who looks. */
function First() {
  const { site: id } = site.useParams()
  const section = useSections().find((s) => s.base === 'network')
  if (!section) return <NoRole />
  return <Navigate to={section.to} params={{ site: id }} replace />
}

const agents = createRoute({
  getParentRoute: () => network,
  path: '/agents',
  component: page(async () => (await import('./AgentsPage.tsx')).AgentsPage, 'agents.read'),
})

const nases = createRoute({
  getParentRoute: () => network,
  path: '/access-points',
  component: page(async () => (await import('./NASesPage.tsx')).NASesPage, 'nases.read'),
})

const refused = createRoute({
  getParentRoute: () => network,
  path: '/refused',
  component: page(async () => (await import('./RefusedPage.tsx')).RefusedPage, 'nases.read'),
})

const terminations = createRoute({
  getParentRoute: () => network,
  path: '/terminations',
  component: page(async () => (await import('./TerminationsPage.tsx')).TerminationsPage, 'visits.terminate'),
})

export const networkRoutes = [network.addChildren([first, agents, nases, refused, terminations])] as const
