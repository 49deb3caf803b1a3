import { createRoute } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { root } from '../parents.tsx'

const Kiosk = lazy(async () => ({ default: (await import('./Kiosk.tsx')).Kiosk }))

/** Outside of everything that needs a sign-in: a screen in the lobby is paired. */
const kiosk = createRoute({
  getParentRoute: () => root,
  path: '/kiosk',
  component: () => (
    <Suspense>
      <Kiosk />
    </Suspense>
  ),
})

export const kioskRoutes = [kiosk] as const
