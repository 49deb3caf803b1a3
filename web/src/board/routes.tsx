import { useQuery } from '@tanstack/react-query'
import { createRoute, Navigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { visitQuery } from '../api/queries.ts'
import type { Detail } from '../api/types.ts'
import { conditionOf } from '../look/Badge.tsx'
import { Alone, Loaded } from '../page.tsx'
import { inside, site } from '../parents.tsx'
import { Board, pathOf } from './Board.tsx'

const VisitDrawer = lazy(async () => ({ default: (await import('../visit/VisitDrawer.tsx')).VisitDrawer }))

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

const anyVisit = createRoute({ getParentRoute: () => inside, path: '/visits/$visit', component: AnyVisit })

/** A visit's short address, which goes to where it is now. */
function AnyVisit() {
  const { visit: id = '' } = useParams({ strict: false })
  const detail = useQuery(visitQuery(id))
  return detail.data ? (
    <There visit={detail.data.visit} />
  ) : (
    <Alone>
      <Loaded query={detail}>{() => null}</Loaded>
    </Alone>
  )
}

function There({ visit: v }: { visit: Detail['visit'] }) {
  const condition = conditionOf(v)
  const tab =
    condition === 'expected' ? 'expected' : condition === 'in' || condition === 'overdue' ? 'on_site' : 'completed'
  const params = { site: v.site_id, tab: pathOf(tab), visit: v.id }
  return <Navigate to="/sites/$site/board/$tab/$visit" params={params} replace />
}

export const boardRoutes = [board.addChildren([visit])] as const
export const visitRoutes = [anyVisit] as const
