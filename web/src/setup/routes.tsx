import { createRoute } from '@tanstack/react-router'
import { page } from '../page.tsx'
import { inside } from '../parents.tsx'

type Sought = { site?: string }

const setup = createRoute({
  getParentRoute: () => inside,
  path: '/setup',
  validateSearch: (search): Sought => (search.site ? { site: String(search.site) } : {}),
  component: page(async () => (await import('./Setup.tsx')).Setup, 'sites.write'),
})

export const setupRoutes = [setup] as const
