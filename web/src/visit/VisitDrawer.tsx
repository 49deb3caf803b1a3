import { Drawer } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { visitQuery } from '../api/queries.ts'
import type { Detail } from '../api/types.ts'
import { Actions } from '../board/Actions.tsx'
import { useDialogOpen } from '../dialog/Dialogs.tsx'
import { VisitBadge } from '../look/Badge.tsx'
import { Failed, Waiting } from '../look/States.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useTitle } from '../useTitle.ts'
import { Access } from './Access.tsx'
import { Devices } from './Devices.tsx'
import { Ending } from './Ending.tsx'
import { Happened } from './Happened.tsx'
import { Outward } from './Outward.tsx'
import { Series } from './Series.tsx'
import classes from './Visit.module.css'

// That an agent is back is no event of the visit.
const pendingEvery = 5_000

/** All about one visit, over the board and with an address of its own. */
export function VisitDrawer() {
  const { t } = useText()
  const navigate = useNavigate()
  const { site = '', tab = '', visit = '' } = useParams({ strict: false })
  const { q } = useSearch({ strict: false }) as { q?: string }
  const { data, error, refetch } = useQuery({
    ...visitQuery(visit),
    refetchInterval: ({ state }) => state.data?.network === 'pending' && pendingEvery,
  })
  const covered = useDialogOpen()
  useTitle(data && nameOf(data.visit))
  const close = () => navigate({ to: '/sites/$site/board/$tab', params: { site, tab }, search: q ? { q } : {} })
  return (
    <Drawer
      opened
      closeOnEscape={!covered}
      trapFocus={!covered}
      onClose={close}
      position="right"
      size={560}
      title={data ? nameOf(data.visit) : t('web.visit')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
      classNames={{ title: classes.title, content: classes.drawer }}
    >
      {data ? (
        <Body detail={data} />
      ) : error ? (
        <Failed error={error} again={refetch} />
      ) : (
        <Waiting>{t('web.loading')}</Waiting>
      )}
    </Drawer>
  )
}

function Body({ detail }: { detail: Detail }) {
  const { visit } = detail
  return (
    <>
      <div className={classes.head}>
        <VisitBadge visit={visit} />
        <div className={classes.headactions}>
          <Actions visit={visit} reachable />
        </div>
      </div>
      <Person detail={detail} />
      {visit.series_id && <Series visit={visit} />}
      <Access detail={detail} />
      <Devices detail={detail} />
      <Ending detail={detail} />
      <Outward detail={detail} />
      <Happened detail={detail} />
    </>
  )
}

function Person({ detail: { visit } }: { detail: Detail }) {
  const { t, language } = useText()
  const site = useSite()
  const at = (instant: string) => near(instant, Date.now(), site.timezone, language)
  const facts: [string, string | undefined][] = [
    [t('web.form.company'), visit.visitor.company],
    [t('web.form.email'), visit.visitor.email],
    [t('web.form.phone'), visit.visitor.phone],
    [t('web.column.host'), [visit.host.name, visit.host.email].filter(Boolean).join(' · ')],
    [t('web.form.purpose'), visit.purpose],
    [
      visit.checked_in_at ? t('web.detail.since') : t('web.form.arrival'),
      at(visit.checked_in_at ?? visit.expected_arrival),
    ],
    [t('web.form.departure'), at(visit.expected_departure)],
    [t('web.detail.left'), visit.left_at && at(visit.left_at)],
    [
      t('web.detail.rules'),
      visit.rules_accepted_at &&
        t('web.detail.rules.version', { version: visit.rules_version ?? 0, at: at(visit.rules_accepted_at) }),
    ],
  ]
  return (
    <dl className={classes.facts}>
      {facts.map(([label, value]) =>
        value ? (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  )
}
