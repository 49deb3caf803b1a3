import { Drawer } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { Icon } from '../look/Icon.tsx'
import { Loaded } from '../page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { useTitle } from '../useTitle.ts'
import visit from '../visit/Visit.module.css'
import { AccountActions } from './AccountActions.tsx'
import { AccountLogins } from './AccountLogins.tsx'
import { Decisions } from './Decisions.tsx'
import { Facts } from './Facts.tsx'
import classes from './Guests.module.css'
import { ContactMark, LifecycleMark } from './Mark.tsx'
import { type AccountDetail, accountQuery, portalsQuery } from './queries.ts'
import { accountName } from './states.ts'
import { SamePerson } from './SamePerson.tsx'
import { useDates } from './useDates.ts'

/** All about one account, over the list and with an address of its own. */
export function AccountDrawer() {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const { account: id = '' } = useParams({ strict: false })
  const query = useQuery(accountQuery(id))
  const name = query.data && accountName(query.data.account)
  useTitle(name)
  const close = () =>
    navigate({ to: '/sites/$site/guests/accounts', params: { site: site.id }, search: (s) => s })
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={600}
      title={name ?? t('web.guests.account')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
      classNames={{ title: visit.title, content: visit.drawer, body: classes.linked }}
    >
      <Loaded query={query}>{(detail) => <Body detail={detail} close={close} />}</Loaded>
    </Drawer>
  )
}

function Body({ detail, close }: { detail: AccountDetail; close: () => void }) {
  const { account: a } = detail
  return (
    <>
      <div className={visit.head}>
        <div className={classes.marks}>
          <LifecycleMark account={a} />
          <ContactMark account={a} />
        </div>
        <AccountActions account={a} gone={close} />
      </div>
      <Known detail={detail} />
      <Decisions account={a.id} />
      <AccountLogins detail={detail} />
      <Devices detail={detail} />
      <Consents detail={detail} />
      <SamePerson detail={detail} />
    </>
  )
}

function Known({ detail: { account: a, visits } }: { detail: AccountDetail }) {
  const { t } = useText()
  const { at, last } = useDates()
  const v = a.visitor
  return (
    <Facts
      facts={[
        [t('web.guests.field.login'), a.login],
        [t('web.guests.validity'), t('web.guests.valid', { from: at(a.starts_at), until: last(a.ends_at) })],
        [t('web.guests.profile'), a.ends_set ? t('web.guests.profile.apart', { name: a.profile_name }) : a.profile_name],
        [t('web.guests.field.email'), v.email !== a.login && v.email],
        [t('web.guests.field.phone'), v.phone !== a.login && v.phone],
        [t('web.guests.field.company'), v.company],
        [t('web.guests.filter.method'), t.known(`web.guests.method.${a.method}`, a.method)],
        [t('web.guests.sponsor'), a.sponsor],
        [t('web.guests.proven'), a.proven_at ? at(a.proven_at) : t('web.guests.proven.no')],
        [t('web.guests.created'), at(a.created_at)],
        [t('web.guests.lastlogin'), a.last_login_at && at(a.last_login_at)],
        [t('web.guests.blocked'), a.blocked_at && at(a.blocked_at)],
        [t('web.tabs'), visits > 0 && String(visits)],
        [t('web.guests.field.notes'), a.notes],
      ]}
    />
  )
}

function Devices({ detail: { devices } }: { detail: AccountDetail }) {
  const { t } = useText()
  const { at } = useDates()
  const { can } = useMe()
  const site = useSite()
  const { data: portals } = useQuery({ ...portalsQuery(site.id), enabled: can('portals.read') })
  const portal = (id: string) => portals?.find((p) => p.id === id)?.name
  return (
    <section className={visit.section} aria-labelledby="account-devices">
      <h2 id="account-devices">{t('web.detail.devices')}</h2>
      {devices.length === 0 ? (
        <p className={visit.note}>{t('web.guests.devices.none')}</p>
      ) : (
        <ul className={visit.list}>
          {devices.map((d) => (
            <li key={`${d.portal_id} ${d.ssid} ${d.mac}`} className={visit.device}>
              <Icon name="device" />
              <div>
                <div className={visit.mac}>
                  {d.mac} {d.private && <span className="dimmed">· {t('web.guests.private')}</span>}
                </div>
                <div className={visit.note}>
                  {[d.ssid || portal(d.portal_id), t('web.guests.devices.seen', { first: at(d.first_seen), last: at(d.last_seen) })]
                    .filter(Boolean)
                    .join(' · ')}
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Consents({ detail: { consents } }: { detail: AccountDetail }) {
  const { t } = useText()
  const { at } = useDates()
  return (
    <section className={visit.section} aria-labelledby="account-consents">
      <h2 id="account-consents">{t('web.guests.consents')}</h2>
      {consents.length === 0 ? (
        <p className={visit.note}>{t('web.guests.consents.none')}</p>
      ) : (
        <ul className={visit.list}>
          {consents.map((c) => (
            <li key={`${c.kind} ${c.version} ${c.agreed_at}`} className={visit.device}>
              <Icon name="done" />
              <div>
                <div>{t.known(`web.guests.consent.${c.kind}`, c.kind)}</div>
                <div className={visit.note}>
                  {t('web.guests.consents.agreed', { version: c.version, at: at(c.agreed_at) })}
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
