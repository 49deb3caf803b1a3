import { createRoute } from '@tanstack/react-router'
import { page } from '../page.tsx'
import { site } from '../parents.tsx'

const evacuation = createRoute({
  getParentRoute: () => site,
  path: '/evacuation',
  component: page(async () => (await import('./Evacuation.tsx')).Evacuation, 'evacuation.read'),
})

export const evacuationRoutes = [evacuation] as const
