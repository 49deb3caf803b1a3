import { createRoute } from '@tanstack/react-router'
import { page } from '../page.tsx'
import { site } from '../parents.tsx'

const account = createRoute({
  getParentRoute: () => site,
  path: '/account',
  component: page(async () => (await import('./AccountPage.tsx')).AccountPage),
})

export const accountRoutes = [account] as const
