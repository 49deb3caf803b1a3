import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { countsQuery, visitsQuery } from '../api/queries.ts'
import type { Tab } from '../api/types.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { Empty, Failed, Waiting } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useKey } from '../useKey.ts'
import { useMe } from '../useMe.ts'
import { useTitle } from '../useTitle.ts'
import classes from './Board.module.css'
import { List } from './List.tsx'
import { Loading } from './Loading.tsx'
import { usePrint } from './Print.tsx'
import { Selected } from './Selected.tsx'
import { Tools } from './Tools.tsx'
import { type Selection, useSelection } from './useSelection.ts'

const tabs: readonly { tab: Tab; path: string }[] = [
  { tab: 'expected', path: 'expected' },
  { tab: 'on_site', path: 'on-site' },
  { tab: 'completed', path: 'completed' },
]

export const tabOf = (path: string): Tab => tabs.find((x) => x.path === path)?.tab ?? 'on_site'
export const pathOf = (tab: Tab): string => tab.replace('_', '-')

/** Who is expected, who is here, who was here. */
export function Board() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const open = useDialog()
  const { tab: path = 'on-site' } = useParams({ strict: false })
  const { q = '' } = useSearch({ strict: false }) as { q?: string }
  const tab = tabOf(path)
  useTitle(t(`web.tab.${tab}`), site.name)
  const create = () => open({ kind: 'new', walkIn: tab !== 'expected' && can('visits.checkin') })
  useKey('n', () => can('visits.write') && create())
  const selection = useSelection(`${site.id} ${tab}`)
  const print = usePrint(tab, q)
  return (
    <div className={classes.board}>
      <h1 className="sr">{t('web.nav.board')}</h1>
      <div className={classes.bar}>
        <Tabs path={path} q={q} />
        <Tools tab={tab} selection={selection} print={print.run} create={create} />
      </div>
      {print.reading > 0 && (
        <div className={classes.strip}>
          <Waiting>{t('web.print.reading', { done: print.reading })}</Waiting>
        </div>
      )}
      <Visits key={`${site.id} ${tab}`} tab={tab} q={q} create={create} selection={selection} />
      {print.sheet}
      <Outlet />
    </div>
  )
}

function Tabs({ path, q }: { path: string; q: string }) {
  const { t } = useText()
  const site = useSite()
  const { data: counts } = useQuery(countsQuery(site.id))
  return (
    <nav className={classes.tabs} aria-label={t('web.tabs')}>
      {tabs.map((x) => (
        <Link
          key={x.tab}
          to="/sites/$site/board/$tab"
          params={{ site: site.id, tab: x.path }}
          search={q ? { q } : {}}
          className={classes.tab}
          aria-current={x.path === path ? 'page' : undefined}
        >
          {t(`web.tab.${x.tab}`)}
          <span className={classes.count} title={x.tab === 'completed' ? t('web.tab.completed.count') : undefined}>
            {counts?.[x.tab] ?? ' '}
          </span>
        </Link>
      ))}
    </nav>
  )
}

type VisitsProps = { tab: Tab; q: string; create: () => void; selection: Selection }

function Visits({ tab, q, create, selection }: VisitsProps) {
  const site = useSite()
  const navigate = useNavigate()
  const { tab: path = '' } = useParams({ strict: false })
  const query = useInfiniteQuery(visitsQuery(site.id, tab, q))
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = query
  const visits = useMemo(() => data?.pages.flatMap((p) => p.items) ?? [], [data])
  const onEnd = useCallback(() => {
    if (!isFetchingNextPage) fetchNextPage()
  }, [isFetchingNextPage, fetchNextPage])

  if (!data) return error ? <Failed error={error} again={refetch} /> : <Loading />
  if (visits.length === 0 && !hasNextPage) return <Nobody tab={tab} q={q} create={create} />
  return (
    <>
      {selection.on && <Selected tab={tab} visits={visits} complete={!hasNextPage} selection={selection} />}
      <List
        tab={tab}
        visits={visits}
        complete={!hasNextPage}
        selection={selection}
        onEnd={onEnd}
        onOpen={(v) =>
          navigate({
            to: '/sites/$site/board/$tab/$visit',
            params: { site: site.id, tab: path, visit: v.id },
            search: q ? { q } : {},
          })
        }
      />
    </>
  )
}

function Nobody({ tab, q, create }: { tab: Tab; q: string; create: () => void }) {
  const { t } = useText()
  const { can } = useMe()
  if (q) return <Empty icon="search" title={t('web.empty.search', { query: q })} />
  return (
    <Empty icon={tab === 'completed' ? 'left' : 'user'} title={t(`web.empty.${tab}`)}>
      {tab !== 'completed' && can('visits.write') && (
        <Button variant="default" onClick={create}>
          {t('web.nav.new')}
        </Button>
      )}
    </Empty>
  )
}
