import { useQuery } from '@tanstack/react-query'
import { createRootRoute, createRoute, Navigate, Outlet, useLocation } from '@tanstack/react-router'
import { type ReactNode, useEffect } from 'react'
import { Problem } from './api/problem.ts'
import { meQuery, sitesQuery } from './api/queries.ts'
import { DialogProvider } from './dialog/Dialogs.tsx'
import { Frame } from './frame/Frame.tsx'
import { useSections } from './frame/sections.ts'
import { LiveProvider } from './live/LiveProvider.tsx'
import { Alone, Loaded, NoRole, NotFound } from './page.tsx'
import { SiteContext } from './site.tsx'
import { stored } from './stored.ts'
import { languages } from './text/text.ts'
import { useText } from './text/useText.tsx'
import { useMe } from './useMe.ts'

/** What each area's routes hang below: everything, what needs a sign-in, what is about a site. */
export const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound })
export const inside = createRoute({ getParentRoute: () => root, id: 'inside', component: Inside })
export const site = createRoute({ getParentRoute: () => inside, path: '/sites/$site', component: OneSite })

function Inside() {
  const here = useLocation()
  const me = useQuery(meQuery)
  useOwnLanguage(me.data?.language)
  if (me.data) return <Outlet />
  if (me.error instanceof Problem && me.error.status === 401) {
    const next = here.href === '/' ? {} : { next: here.href }
    return <Navigate to="/sign-in" search={next} replace />
  }
  return (
    <Alone>
      <Loaded query={me}>{() => null}</Loaded>
    </Alone>
  )
}

/** Who has chosen no language in this browser reads that of their account. */
function useOwnLanguage(own: string | undefined) {
  const { speak } = useText()
  useEffect(() => {
    const language = languages.find((l) => l === own)
    if (language && !stored.get('language')) speak(language)
  }, [own, speak])
}

function OneSite() {
  const { site: id } = site.useParams()
  const { can } = useMe()
  const sections = useSections()
  const sites = useQuery(sitesQuery)
  const found = sites.data?.find((s) => s.id === id)
  useEffect(() => {
    if (found) stored.set('site', found.id)
  }, [found])
  if (!sites.data) {
    return (
      <Alone>
        <Loaded query={sites}>{() => null}</Loaded>
      </Alone>
    )
  }
  if (!found) return <NotFound />
  if (sections.length === 0) return <NoRole />
  const content: ReactNode = (
    <DialogProvider>
      <Frame />
    </DialogProvider>
  )
  return (
    <SiteContext.Provider value={found}>
      {can('visits.read') ? (
        <LiveProvider key={found.id} site={found.id}>
          {content}
        </LiveProvider>
      ) : (
        content
      )}
    </SiteContext.Provider>
  )
}
