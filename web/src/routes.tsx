import { useQuery } from '@tanstack/react-query'
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  Navigate,
  Outlet,
  useLocation,
  useParams,
} from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense, useEffect } from 'react'
import { Problem } from './api/problem.ts'
import { meQuery, sitesQuery, visitQuery } from './api/queries.ts'
import { Board, pathOf } from './board/Board.tsx'
import { DialogProvider } from './dialog/Dialogs.tsx'
import { Frame } from './frame/Frame.tsx'
import { UserMenu } from './frame/UserMenu.tsx'
import { LiveProvider } from './live/LiveProvider.tsx'
import { conditionOf } from './look/Badge.tsx'
import { Empty, Failed, Waiting } from './look/States.tsx'
import { Forgot } from './signin/Forgot.tsx'
import { Reset } from './signin/Reset.tsx'
import { SignIn } from './signin/SignIn.tsx'
import { SiteContext } from './site.tsx'
import { stored } from './stored.ts'
import { useText } from './text/useText.tsx'
import { useMe } from './useMe.ts'

const Network = lazy(async () => ({ default: (await import('./network/Network.tsx')).Network }))
const VisitDrawer = lazy(async () => ({ default: (await import('./visit/VisitDrawer.tsx')).VisitDrawer }))

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound })

type Next = { next?: string; problem?: string }

/** Where to go on after signing in: an address of ours, else the start. */
export const nextOf = (value: unknown): string =>
  typeof value === 'string' && /^\/(?![/\\])/.test(value) && !value.startsWith('/sign-in') ? value : '/'

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): Next => ({
    ...(search.next ? { next: nextOf(search.next) } : {}),
    ...(search.problem ? { problem: String(search.problem) } : {}),
  }),
  component: () => {
    const { next, problem } = signIn.useSearch()
    return <SignIn next={nextOf(next)} problem={problem} />
  },
})

const forgot = createRoute({ getParentRoute: () => root, path: '/forgot', component: Forgot })
const reset = createRoute({ getParentRoute: () => root, path: '/reset', component: Reset })

/** Everything that somebody must be signed in for. */
const inside = createRoute({ getParentRoute: () => root, id: 'inside', component: Inside })

function Inside() {
  const { t } = useText()
  const here = useLocation()
  const { data, error, refetch } = useQuery(meQuery)
  if (data) return <Outlet />
  if (error instanceof Problem && error.status === 401) {
    const next = here.href === '/' ? {} : { next: here.href }
    return <Navigate to="/sign-in" search={next} replace />
  }
  if (error)
    return (
      <Alone>
        <Failed error={error} again={refetch} />
      </Alone>
    )
  return (
    <Alone>
      <Waiting>{t('web.loading')}</Waiting>
    </Alone>
  )
}

const start = createRoute({ getParentRoute: () => inside, path: '/', component: Start })

/** The site that this browser looked at last, else the first. */
function Start() {
  const { t } = useText()
  const { data, error, refetch } = useQuery(sitesQuery)
  if (error)
    return (
      <Alone>
        <Failed error={error} again={refetch} />
      </Alone>
    )
  if (!data)
    return (
      <Alone>
        <Waiting>{t('web.loading')}</Waiting>
      </Alone>
    )
  const open = data.filter((s) => !s.archived_at)
  const site = open.find((s) => s.id === stored.get('site')) ?? open[0]
  if (!site)
    return (
      <Alone>
        <Empty icon="building" title={t('web.empty.sites')}>
          <UserMenu />
        </Empty>
      </Alone>
    )
  return <Navigate to="/sites/$site/board/$tab" params={{ site: site.id, tab: 'on-site' }} replace />
}

const site = createRoute({ getParentRoute: () => inside, path: '/sites/$site', component: OneSite })

function OneSite() {
  const { t } = useText()
  const { site: id } = site.useParams()
  const { can } = useMe()
  const { data, error, refetch } = useQuery(sitesQuery)
  const found = data?.find((s) => s.id === id)
  useEffect(() => {
    if (found) stored.set('site', found.id)
  }, [found])
  if (!data)
    return <Alone>{error ? <Failed error={error} again={refetch} /> : <Waiting>{t('web.loading')}</Waiting>}</Alone>
  if (!found) return <NotFound />
  if (!can('visits.read')) {
    return (
      <Alone>
        <Empty icon="user" title={t('web.empty.role')}>
          <UserMenu />
        </Empty>
      </Alone>
    )
  }
  return (
    <SiteContext.Provider value={found}>
      <LiveProvider key={found.id} site={found.id}>
        <DialogProvider>
          <Frame />
        </DialogProvider>
      </LiveProvider>
    </SiteContext.Provider>
  )
}

const siteStart = createRoute({
  getParentRoute: () => site,
  path: '/',
  component: () => (
    <Navigate to="/sites/$site/board/$tab" params={{ site: site.useParams().site, tab: 'on-site' }} replace />
  ),
})

type Sought = { q?: string }

const board = createRoute({
  getParentRoute: () => site,
  path: '/board/$tab',
  validateSearch: (search): Sought => (search.q ? { q: String(search.q) } : {}),
  component: Board,
})

const visit = createRoute({
  getParentRoute: () => board,
  path: '/$visit',
  component: () => (
    <Suspense>
      <VisitDrawer />
    </Suspense>
  ),
})

const network = createRoute({
  getParentRoute: () => site,
  path: '/network',
  component: () => (
    <Suspense>
      <Network />
    </Suspense>
  ),
})

const anyVisit = createRoute({ getParentRoute: () => inside, path: '/visits/$visit', component: AnyVisit })

/** A visit's short address, which goes to where it is now. */
function AnyVisit() {
  const { t } = useText()
  const { visit: id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(visitQuery(id))
  if (error)
    return (
      <Alone>
        <Failed error={error} again={refetch} />
      </Alone>
    )
  if (!data)
    return (
      <Alone>
        <Waiting>{t('web.loading')}</Waiting>
      </Alone>
    )
  const { visit: v } = data
  const condition = conditionOf(v)
  const tab =
    condition === 'expected' ? 'expected' : condition === 'in' || condition === 'overdue' ? 'on_site' : 'completed'
  const params = { site: v.site_id, tab: pathOf(tab), visit: v.id }
  return <Navigate to="/sites/$site/board/$tab/$visit" params={params} replace />
}

function NotFound() {
  const { t } = useText()
  return (
    <Alone>
      <Empty icon="search" title={t('web.empty.page')}>
        <Link to="/">{t('web.empty.back')}</Link>
      </Empty>
    </Alone>
  )
}

/** A page that has nothing around it. */
function Alone({ children }: { children: ReactNode }) {
  return (
    <main>
      <h1 className="sr">Foyer</h1>
      {children}
    </main>
  )
}

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    forgot,
    reset,
    inside.addChildren([start, anyVisit, site.addChildren([siteStart, board.addChildren([visit]), network])]),
  ]),
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
