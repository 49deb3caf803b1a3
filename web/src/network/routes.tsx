import { createRoute } from '@tanstack/react-router'
import { page } from '../page.tsx'
import { site } from '../parents.tsx'

const network = createRoute({
  getParentRoute: () => site,
  path: '/network',
  component: page(async () => (await import('./Network.tsx')).Network, 'agents.read', 'nases.read'),
})

export const networkRoutes = [network] as const
