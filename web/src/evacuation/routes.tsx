import { createRoute } from '@tanstack/react-router'
import { page } from '../page.tsx'
import { site } from '../parents.tsx'

const evacuation = createRoute({
  getParentRoute: () => site,
  path: '/evacuation',
  component: page(async () => (await import('./Evacuation.tsx')).Evacuation, 'evacuation.read'),
})

const report = createRoute({
  getParentRoute: () => site,
  path: '/evacuation/$rollcall',
  component: page(async () => (await import('./Report.tsx')).Report, 'evacuation.read'),
})

export const evacuationRoutes = [evacuation, report] as const
