import { useQuery } from '@tanstack/react-query'
import { createRoute, createRouter, Navigate } from '@tanstack/react-router'
import { sitesQuery } from './api/queries.ts'
import { accountRoutes } from './account/routes.tsx'
import { boardRoutes, visitRoutes } from './board/routes.tsx'
import { evacuationRoutes } from './evacuation/routes.tsx'
import { useSections } from './frame/sections.ts'
import { UserMenu } from './frame/UserMenu.tsx'
import { guestsRoutes } from './guests/routes.tsx'
import { kioskRoutes } from './kiosk/routes.tsx'
import { Empty } from './look/States.tsx'
import { networkRoutes } from './network/routes.tsx'
import { Alone, Loaded, NoRole } from './page.tsx'
import { inside, root, site } from './parents.tsx'
import { rollsRoutes } from './rolls/routes.tsx'
import { mailedRoutes, settingsRoutes } from './settings/routes.tsx'
import { setupRoutes } from './setup/routes.tsx'
import { signInRoutes } from './signin/routes.tsx'
import { stored } from './stored.ts'
import { useText } from './text/useText.tsx'
import { useMe } from './useMe.ts'

const start = createRoute({ getParentRoute: () => inside, path: '/', component: Start })

/** The site that this browser looked at last, else the first. Whoever can make the first one is led through it. */
function Start() {
  const { t } = useText()
  const { me, can } = useMe()
  const sites = useQuery(sitesQuery)
  const open = sites.data?.filter((s) => !s.archived_at)
  const found = open?.find((s) => s.id === stored.get('site')) ?? open?.[0]
  if (found) return <Navigate to="/sites/$site" params={{ site: found.id }} replace />
  if (open?.length === 0 && me?.all_sites && can('sites.write')) return <Navigate to="/setup" replace />
  return (
    <Alone>
      <Loaded query={sites}>
        {() => (
          <Empty icon="building" title={t('web.empty.sites')}>
            <UserMenu />
          </Empty>
        )}
      </Loaded>
    </Alone>
  )
}

const siteStart = createRoute({ getParentRoute: () => site, path: '/', component: SiteStart })

/** The first section that the role of who looks has. */
function SiteStart() {
  const { site: id } = site.useParams()
  const first = useSections()[0]
  if (!first) return <NoRole />
  return <Navigate to={first.to} params={{ site: id, tab: 'on-site' }} replace />
}

/** An area's routes are in its routes.tsx; a section's entry in the rail is in frame/sections.ts. */
export const router = createRouter({
  routeTree: root.addChildren([
    ...signInRoutes,
    ...kioskRoutes,
    inside.addChildren([
      start,
      ...visitRoutes,
      ...mailedRoutes,
      ...setupRoutes,
      site.addChildren([siteStart, ...boardRoutes, ...evacuationRoutes, ...guestsRoutes, ...rollsRoutes, ...networkRoutes, ...settingsRoutes, ...accountRoutes]),
    ]),
  ]),
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
