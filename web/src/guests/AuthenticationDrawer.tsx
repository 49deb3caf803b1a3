import { Button, Drawer } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Icon } from '../look/Icon.tsx'
import { useToast } from '../look/Toasts.tsx'
import { Loaded } from '../page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { useTitle } from '../useTitle.ts'
import { endings } from '../visit/ending.ts'
import { Story } from '../visit/Ending.tsx'
import { traffic } from '../visit/traffic.ts'
import visit from '../visit/Visit.module.css'
import { One } from './Decisions.tsx'
import { Facts } from './Facts.tsx'
import classes from './Guests.module.css'
import { GreenMark } from './Mark.tsx'
import { type Authentication, type AuthenticationDetail, authenticationQuery, readGuests } from './queries.ts'
import { authenticationName, isPrivate } from './states.ts'
import { TimeLeft } from './TimeLeft.tsx'
import { useDates } from './useDates.ts'
import { useSiteName } from './useSiteName.ts'

/** All about one login, over the list and with an address of its own. */
export function AuthenticationDrawer() {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const { authentication: id = '' } = useParams({ strict: false })
  const query = useQuery(authenticationQuery(id))
  const name = query.data?.authentication.name
  useTitle(name)
  const close = () =>
    navigate({ to: '/sites/$site/guests/authentications', params: { site: site.id }, search: (s) => s })
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={600}
      title={name ?? t('web.guests.authentication')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
      classNames={{ title: visit.title, content: visit.drawer, body: classes.linked }}
    >
      <Loaded query={query}>{(detail) => <Body detail={detail} />}</Loaded>
    </Drawer>
  )
}

function Body({ detail }: { detail: AuthenticationDetail }) {
  const { t } = useText()
  const { authentication: a, decision } = detail
  return (
    <>
      <div className={visit.head}>
        <GreenMark authentication={a} />
        <EndNow authentication={a} />
      </div>
      <p>
        <TimeLeft authentication={a} />
      </p>
      <Known authentication={a} />
      {decision && (
        <section className={visit.section} aria-labelledby="login-why">
          <h2 id="login-why">{t('web.guests.why')}</h2>
          <ol className={visit.list}>
            <One decision={decision} />
          </ol>
        </section>
      )}
      <Sessions detail={detail} />
      <Ended detail={detail} />
      <Technical detail={detail} />
    </>
  )
}

function EndNow({ authentication: a }: { authentication: Authentication }) {
  const { t } = useText()
  const { can } = useMe()
  const client = useQueryClient()
  const toast = useToast()
  const [asking, setAsking] = useState(false)
  if (!a.green || !can('authentications.write')) return null
  const name = authenticationName(a)
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        {t('web.guests.end')}
      </Button>
      {asking && (
        <Confirm
          title={t('web.guests.end.ask', { name })}
          action={t('web.guests.end')}
          waiting={t('web.waiting')}
          danger
          close={() => setAsking(false)}
          act={async () => {
            await api.post('/api/v1/authentications/{authentication}/end', { path: { authentication: a.id } })
            await readGuests(client)
            setAsking(false)
            toast({ text: t('web.guests.end.done', { name }) })
          }}
        >
          {t('web.guests.end.text')}
        </Confirm>
      )}
    </>
  )
}

function Known({ authentication: a }: { authentication: Authentication }) {
  const { t } = useText()
  const site = useSite()
  const { at } = useDates()
  const { can } = useMe()
  const name = authenticationName(a)
  const where = useSiteName()
  const known = a.recognised_by && t.known(`web.guests.by.${a.recognised_by}`, a.recognised_by)
  return (
    <Facts
      facts={[
        [
          t('web.guests.account'),
          can('accounts.read') ? (
            <Link to="/sites/$site/guests/accounts/$account" params={{ site: site.id, account: a.account_id }}>
              {name}
            </Link>
          ) : (
            name
          ),
        ],
        [t('web.guests.field.login'), a.login],
        [t('web.guests.filter.status'), t(a.renewal ? 'web.guests.status.renewal' : `web.guests.status.${a.status}`)],
        [t('web.guests.known'), known && [known, t(a.clicked ? 'web.guests.clicked' : 'web.guests.clicked.not')].join(', ')],
        [t('web.guests.filter.method'), t.known(`web.guests.method.${a.method}`, a.method)],
        [t('web.guests.device'), [a.mac, isPrivate(a.mac) && t('web.guests.private')].filter(Boolean).join(' · ')],
        [t('web.guests.address'), a.ip],
        [t('web.access.network'), [a.ssid, a.ap].filter(Boolean).join(' · ')],
        [t('web.guests.portal'), [a.portal_name, a.site_id !== site.id && where(a.site_id)].filter(Boolean).join(' · ')],
        [t('web.guests.start'), at(a.started_at)],
      ]}
    />
  )
}

function Sessions({ detail: { sessions } }: { detail: AuthenticationDetail }) {
  const { t, language } = useText()
  const { at } = useDates()
  return (
    <section className={visit.section} aria-labelledby="login-sessions">
      <h2 id="login-sessions">{t('web.guests.sessions')}</h2>
      {sessions.length === 0 ? (
        <p className={visit.note}>{t('web.guests.sessions.none')}</p>
      ) : (
        <ul className={visit.list}>
          {sessions.map((s) => {
            const values = { nas: s.nas_name, from: at(s.started_at), traffic: traffic(s.input_octets + s.output_octets, language) }
            return (
              <li key={s.id} className={visit.device} data-ended={s.ended_at ? true : undefined}>
                <Icon name="device" />
                <div>
                  <div className={visit.mac}>
                    {s.mac || t('web.devices.unknown')} {s.ip && <span className="dimmed">{s.ip}</span>}
                  </div>
                  <div className={visit.note}>
                    {s.ended_at
                      ? t('web.devices.ended', { ...values, to: at(s.ended_at) })
                      : t('web.devices.since', values)}
                  </div>
                </div>
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}

/** How its devices were disconnected, or why they are not yet. */
function Ended({ detail: { sessions, terminations } }: { detail: AuthenticationDetail }) {
  const { t } = useText()
  const list = endings(terminations, sessions)
  if (list.length === 0) return null
  return (
    <section className={visit.section} aria-labelledby="login-ending">
      <h2 id="login-ending">{t('web.detail.ending')}</h2>
      <ul className={visit.list}>
        {list.map((e) => (
          <Story key={e.key} ending={e} />
        ))}
      </ul>
    </section>
  )
}

function Technical({ detail: { authentication: a, workflow_id, workflow_url } }: { detail: AuthenticationDetail }) {
  const { t } = useText()
  return (
    <details className={`${visit.section} ${visit.technical}`}>
      <summary>{t('web.detail.technical')}</summary>
      <dl>
        <dt>{t('web.guests.authentication')}</dt>
        <dd>{a.id}</dd>
        <dt>{t('web.detail.workflow')}</dt>
        <dd>
          {workflow_url ? (
            <a href={workflow_url} target="_blank" rel="noreferrer">
              {workflow_id}
              <span className="sr"> {t('web.detail.newtab')}</span>
            </a>
          ) : (
            workflow_id
          )}
        </dd>
      </dl>
    </details>
  )
}
