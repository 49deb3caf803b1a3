import { Button, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { agentsQuery } from '../api/queries.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { Icon, type IconName } from '../look/Icon.tsx'
import mark from '../look/mark.svg'
import { useSite } from '../site.tsx'
import type { Key } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useMe } from '../useMe.ts'
import classes from './Frame.module.css'
import { LiveMark } from './LiveMark.tsx'
import { Search } from './Search.tsx'
import { SiteSwitch } from './SiteSwitch.tsx'
import { UserMenu } from './UserMenu.tsx'

/** What is around every page: where one can go, search, whether this is live, who one is. */
export function Frame() {
  const { t } = useText()
  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#main">
        {t('web.skip')}
      </a>
      <Rail />
      <header className={classes.top}>
        <Search />
        <LiveMark />
        <UserMenu />
      </header>
      <main id="main" className={classes.main} tabIndex={-1}>
        <AgentsAway />
        <Outlet />
      </main>
    </div>
  )
}

function Rail() {
  const { t } = useText()
  const { can } = useMe()
  const open = useDialog()
  return (
    <nav className={classes.rail} aria-label={t('web.nav')}>
      <div className={classes.brand}>
        <img src={mark} alt="" width={28} height={28} />
        <span className={classes.word}>Foyer</span>
      </div>
      <SiteSwitch />
      <Section to="/sites/$site/board/$tab" icon="board" label="web.nav.board" />
      {can('visits.write') && (
        <UnstyledButton className={classes.make} onClick={() => open({ kind: 'new', walkIn: can('visits.checkin') })}>
          <Icon name="plus" />
          <span>{t('web.nav.new')}</span>
        </UnstyledButton>
      )}
      {can('agents.read') && <Section to="/sites/$site/network" icon="network" label="web.nav.network" />}
    </nav>
  )
}

type Place = '/sites/$site/board/$tab' | '/sites/$site/network'

function Section({ to, icon, label }: { to: Place; icon: IconName; label: Key }) {
  const { t } = useText()
  const site = useSite()
  return (
    <Link
      to={to}
      params={{ site: site.id, tab: 'on-site' }}
      className={classes.section}
      activeOptions={{ exact: false }}
      activeProps={{ 'data-active': true }}
      title={t(label)}
    >
      <Icon name={icon} />
      <span>{t(label)}</span>
    </Link>
  )
}

/** Shown only when somebody has to do something. */
function AgentsAway() {
  const { t, language } = useText()
  const site = useSite()
  const { can } = useMe()
  const { data } = useQuery({ ...agentsQuery(site.id), enabled: can('agents.read') })
  const away = data?.filter((a) => a.enrolled_at && a.state !== 'connected') ?? []
  const first = away[0]
  if (!first) return null
  const since = near(first.since ?? first.created_at, Date.now(), site.timezone, language)
  return (
    <div className={classes.banner} role="status">
      <Icon name="warn" />
      <span>
        {t(`web.agent.away.${first.state === 'quarantined' ? 'quarantined' : 'offline'}`, { agent: first.name, since })}
      </span>
      <Button
        component={Link}
        size="compact-sm"
        variant="default"
        // Mantine's component prop loses the router's types.
        // eslint-disable-next-line @typescript-eslint/no-explicit-any
        {...({ to: '/sites/$site/network', params: { site: site.id } } as any)}
      >
        {t('web.agent.look')}
      </Button>
    </div>
  )
}
