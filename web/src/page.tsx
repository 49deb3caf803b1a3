import { Link } from '@tanstack/react-router'
import { type ComponentType, lazy, type ReactNode, Suspense } from 'react'
import { UserMenu } from './frame/UserMenu.tsx'
import { Empty, Failed, Waiting } from './look/States.tsx'
import { useText } from './text/useText.tsx'
import { useMe } from './useMe.ts'

type Query<T> = { data: T | undefined; error: unknown; refetch: () => void }

/** What a query found; until then that it is awaited, or why it failed. */
export function Loaded<T>({ query, children }: { query: Query<T>; children: (data: T) => ReactNode }) {
  const { t } = useText()
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <Failed error={query.error} again={query.refetch} />
  return <Waiting>{t('web.loading')}</Waiting>
}

/** A page that has nothing around it. */
export function Alone({ children }: { children: ReactNode }) {
  return (
    <main>
      <h1 className="sr">Foyer</h1>
      {children}
    </main>
  )
}

export function NotFound() {
  const { t } = useText()
  return (
    <Alone>
      <Empty icon="search" title={t('web.empty.page')}>
        <Link to="/">{t('web.empty.back')}</Link>
      </Empty>
    </Alone>
  )
}

/** Nothing here is for the role of who looks. */
export function NoRole() {
  const { t } = useText()
  return (
    <Alone>
      <Empty icon="user" title={t('web.empty.role')}>
        <UserMenu />
      </Empty>
    </Alone>
  )
}

/**
 * A page of its own chunk, fetched when somebody goes there, for whoever has one of
 * the permissions; others are told that it is not theirs.
 */
export function page(load: () => Promise<ComponentType>, ...needs: string[]) {
  const Page = lazy(async () => ({ default: await load() }))
  return function Guarded() {
    const { t } = useText()
    const { can } = useMe()
    if (needs.length > 0 && !needs.some(can)) return <Empty icon="user" title={t('web.problem.forbidden')} />
    return (
      <Suspense fallback={<Waiting>{t('web.loading')}</Waiting>}>
        <Page />
      </Suspense>
    )
  }
}
