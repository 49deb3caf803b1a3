import { Button, NativeSelect } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useSearch } from '@tanstack/react-router'
import { Icon } from '../look/Icon.tsx'
import { Empty } from '../look/States.tsx'
import { Loaded } from '../page.tsx'
import { Page } from '../settings/kit/Page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { chosen, clean } from './AccountFilters.tsx'
import { Filters } from './Filters.tsx'
import classes from './Guests.module.css'
import { GreenMark, OnlineMark } from './Mark.tsx'
import { accountQuery, type Authentication, authenticationsQuery, greenQuery, portalsQuery } from './queries.ts'
import { SearchField, SitesFilter } from './SearchField.tsx'
import { accountName, authenticationName, isPrivate, statuses } from './states.ts'
import { TimeLeft } from './TimeLeft.tsx'
import { useDates } from './useDates.ts'
import { useSiteName } from './useSiteName.ts'

type Search = { q?: string; state?: string; status?: string; portal?: string; account?: string; all?: string }

/** Logins at the portals: green while they are good, grey from then on. */
export function AuthenticationsPage() {
  const { t } = useText()
  const site = useSite()
  const search = useSearch({ strict: false }) as Search
  const { all, ...narrowed } = search
  const query = useInfiniteQuery(authenticationsQuery({ ...narrowed, site: all ? undefined : site.id }))
  const exported = new URLSearchParams(
    clean({
      site_id: all ? undefined : site.id,
      account_id: search.account,
      portal_id: search.portal,
      green: search.state && String(search.state === 'green'),
      status: search.status,
      q: search.q,
    }),
  )
  return (
    <Page wide title={t('web.nav.authentications')} intro={t('web.guests.logins.text')}>
      <div className={`${classes.tools} ${classes.split}`}>
        <Green site={all ? undefined : site.id} />
        <div className={classes.tools}>
          <Button
            variant="default"
            renderRoot={(props) => (
              <Link to="/sites/$site/guests/authentications/decisions" params={{ site: site.id }} {...props} />
            )}
          >
            {t('web.guests.decisions')}
          </Button>
          <Button component="a" href={`/api/v1/authentications.csv?${exported}`} download variant="default">
            {t('web.guests.export')}
          </Button>
        </div>
      </div>
      <Narrow search={search} />
      <Loaded query={{ ...query, data: query.data?.pages.flatMap((p) => p.items) }}>
        {(list) =>
          list.length === 0 ? (
            <Empty
              icon="live"
              title={t(Object.values(narrowed).some(Boolean) ? 'web.guests.logins.nonehere' : 'web.guests.logins.noneyet')}
            />
          ) : (
            <ul className={classes.rows}>
              {list.map((a) => (
                <Row key={a.id} authentication={a} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {query.hasNextPage && (
        <div>
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t('web.settings.older')}
          </Button>
        </div>
      )}
      <Outlet />
    </Page>
  )
}

/** How many are green now. */
function Green({ site }: { site: string | undefined }) {
  const { t } = useText()
  const { data } = useQuery(greenQuery(site))
  return (
    <p className={classes.count}>
      <strong>{data?.green ?? '–'}</strong> {t('web.guests.green.now')}
    </p>
  )
}

function Narrow({ search }: { search: Search }) {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const { data: portals = [] } = useQuery(portalsQuery(site.id))
  const set = (change: Search) =>
    navigate({ to: '.', search: clean({ ...search, ...change }) as never, replace: true })
  const choice = (name: 'state' | 'status' | 'portal', data: { value: string; label: string }[]) => (
    <NativeSelect
      label={t(`web.guests.filter.${name}`)}
      value={search[name] ?? ''}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
      data={[{ value: '', label: t('web.guests.filter.all') }, ...data]}
    />
  )
  return (
    <>
      <Filters
        search={<SearchField label={t('web.guests.logins.search')} value={search.q ?? ''} onChange={(q) => set({ q })} />}
        set={chosen({ ...search, account: '' })}
      >
        {choice('state', [
          { value: 'green', label: t('web.guests.green') },
          { value: 'grey', label: t('web.guests.grey') },
        ])}
        {choice('status', statuses.map((s) => ({ value: s, label: t(`web.guests.status.${s}`) })))}
        {portals.length > 1 && choice('portal', portals.map((p) => ({ value: p.id, label: p.name })))}
        <SitesFilter all={Boolean(search.all)} onChange={(all) => set({ all: all ? 'yes' : '', portal: '' })} />
      </Filters>
      {search.account && <OfAccount id={search.account} end={() => set({ account: '' })} />}
    </>
  )
}

/** Says whose the list is, and takes that back. */
function OfAccount({ id, end }: { id: string; end: () => void }) {
  const { t } = useText()
  const { can } = useMe()
  const { data } = useQuery({ ...accountQuery(id), enabled: can('accounts.read') })
  return (
    <div className={classes.tools}>
      <Button variant="default" rightSection={<Icon name="close" size={14} />} onClick={end}>
        {t('web.guests.logins.of', { name: data ? accountName(data.account) : t('web.guests.account') })}
      </Button>
    </div>
  )
}

function Row({ authentication: a }: { authentication: Authentication }) {
  const { t } = useText()
  const site = useSite()
  const { at } = useDates()
  const where = useSiteName()
  return (
    <li className={classes.row}>
      <div>
        <div className={classes.name}>
          <Link
            to="/sites/$site/guests/authentications/$authentication"
            params={{ site: site.id, authentication: a.id }}
            search={(s) => s}
          >
            {authenticationName(a)}
          </Link>
        </div>
        <div className={`${classes.note} ${classes.code}`}>{a.name}</div>
      </div>
      <div>
        <GreenMark authentication={a} />
        <div className={classes.note}>{t(a.renewal ? 'web.guests.status.renewal' : `web.guests.status.${a.status}`)}</div>
        <OnlineMark authentication={a} />
      </div>
      <div>
        <div>
          <TimeLeft authentication={a} />
        </div>
        <div className={classes.note}>{t('web.guests.started', { at: at(a.started_at), portal: a.portal_name })}</div>
      </div>
      <div className={classes.note}>
        <div>
          <span className={classes.code}>{a.mac || t('web.devices.unknown')}</span>
          {isPrivate(a.mac) && <span className={classes.tag}>{t('web.guests.private')}</span>}
        </div>
        <div>{[a.ssid, a.ip].filter(Boolean).join(' · ')}</div>
        {a.site_id !== site.id && <div>{where(a.site_id)}</div>}
      </div>
    </li>
  )
}
