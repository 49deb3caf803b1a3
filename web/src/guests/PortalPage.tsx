import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { agentsQuery, nasesQuery } from '../api/queries.ts'
import { Icon } from '../look/Icon.tsx'
import { Copy } from '../look/Secret.tsx'
import { Loaded } from '../page.tsx'
import page from '../settings/kit/Page.module.css'
import { Page, Part } from '../settings/kit/Page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { Command } from '../network/Command.tsx'
import classes from './Guests.module.css'
import { PortalForm } from './PortalForm.tsx'
import { type Portal, portalsQuery, type Setup, setupQuery } from './queries.ts'
import { saveFile } from './saveFile.ts'

/** One portal: what to set at its device. */
export function PortalPage() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const { portal: id = '' } = useParams({ strict: false })
  const portals = useQuery(portalsQuery(site.id))
  const portal = portals.data?.find((p) => p.id === id)
  const [changing, setChanging] = useState(false)
  return (
    <Page
      title={portal?.name ?? t('web.nav.portals')}
      intro={
        <Link to="/sites/$site/guests/portals" params={{ site: site.id }}>
          {t('web.guests.portals.back')}
        </Link>
      }
    >
      <Loaded query={portals}>
        {() =>
          portal ? (
            <>
              <Facts portal={portal} change={can('portals.write') ? () => setChanging(true) : undefined} />
              <SetUp portal={portal} />
              {changing && <PortalForm portal={portal} close={() => setChanging(false)} />}
            </>
          ) : (
            <p>{t('web.problem.portal_not_found')}</p>
          )
        }
      </Loaded>
    </Page>
  )
}

function Facts({ portal: p, change }: { portal: Portal; change: (() => void) | undefined }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const { data: nases } = useQuery({ ...nasesQuery(site.id), enabled: can('nases.read') })
  const { data: setup } = useQuery(setupQuery(site.id, p.id))
  const nas = nases?.find((n) => n.id === p.nas_id)?.name
  return (
    <Part
      title={t('web.guests.portal.facts')}
      action={
        change && (
          <Button variant="default" onClick={change}>
            {t('web.settings.change')}
          </Button>
        )
      }
    >
      <dl className={`${page.facts} ${classes.linked}`}>
        <dt>{t('web.guests.vendor')}</dt>
        <dd>{t.known(`web.guests.vendor.${p.vendor}`, p.vendor)}</dd>
        <dt>{t('web.guests.template')}</dt>
        <dd>
          <Link to="/sites/$site/guests/templates/$template" params={{ site: site.id, template: p.template_id }}>
            {p.template_name}
          </Link>
        </dd>
        {nas && (
          <>
            <dt>{t('web.guests.portal.nas')}</dt>
            <dd>{nas}</dd>
          </>
        )}
        {setup && <Caps caps={setup.vendor.caps} />}
      </dl>
      {!p.enabled && (
        <p className={classes.warn}>
          <Icon name="warn" />
          <span>{t('web.guests.portal.off')}</span>
        </p>
      )}
    </Part>
  )
}

/** What the vendor's devices can do, said honestly. */
function Caps({ caps }: { caps: Setup['vendor']['caps'] }) {
  const { t } = useText()
  const said = (name: 'radius' | 'revoke' | 'signed') => t(`web.guests.cap.${name}.${caps[name] ? 'yes' : 'no'}`)
  return (
    <>
      <dt>{t('web.guests.cap')}</dt>
      <dd>
        <div>{said('radius')}</div>
        <div>{t(caps.time_limit || caps.radius ? 'web.guests.cap.time.yes' : 'web.guests.cap.time.no')}</div>
        <div>{said('revoke')}</div>
        <div>{said('signed')}</div>
      </dd>
    </>
  )
}

function SetUp({ portal: p }: { portal: Portal }) {
  const { t } = useText()
  const site = useSite()
  const setup = useQuery(setupQuery(site.id, p.id))
  return (
    <Part title={t('web.guests.setup')} text={t('web.guests.setup.text')}>
      <Loaded query={setup}>
        {(s) => (
          <ol className={`${classes.steps} ${classes.linked}`}>
            <li>
              <h3>{t('web.guests.setup.splash')}</h3>
              <p>{t.known(`web.guests.setup.where.${p.vendor}`, t('web.guests.setup.where.other'))}</p>
              <Command label={t('web.guests.setup.address')} text={s.url} />
            </li>
            <li>
              <h3>{t('web.guests.setup.garden')}</h3>
              <p>{t('web.guests.setup.garden.text')}</p>
              <Garden lines={s.garden} />
            </li>
            {s.vendor.caps.radius && (
              <li>
                <h3>{t('web.guests.setup.radius')}</h3>
                <RADIUS />
              </li>
            )}
            {s.capport_url && (
              <li>
                <h3>{t('web.guests.setup.capport')}</h3>
                <p>{t('web.guests.setup.capport.text')}</p>
                <Command label={t('web.guests.setup.capport.address')} text={s.capport_url} />
              </li>
            )}
            {s.files.length > 0 && (
              <li>
                <h3>{t('web.guests.setup.files')}</h3>
                <p>{t('web.guests.setup.files.text')}</p>
                <div className={classes.tools}>
                  {s.files.map((f) => (
                    <Button
                      key={f.name}
                      variant="default"
                      leftSection={<Icon name="down" size={16} />}
                      onClick={() => saveFile(f.name, 'text/plain;charset=utf-8', f.text)}
                    >
                      {f.name}
                    </Button>
                  ))}
                </div>
              </li>
            )}
            <li>
              <h3>{t('web.guests.setup.try')}</h3>
              <p>{t('web.guests.setup.try.text')}</p>
              <p>{t('web.guests.setup.try.loop')}</p>
              <p>{t('web.guests.setup.try.byhand')}</p>
            </li>
          </ol>
        )}
      </Loaded>
    </Part>
  )
}

function Garden({ lines }: { lines: string[] }) {
  const { t } = useText()
  const text = useRef<HTMLPreElement>(null)
  return (
    <div className={classes.garden} role="group" aria-label={t('web.guests.setup.garden')}>
      <pre ref={text}>{lines.join('\n')}</pre>
      <Copy label={t('web.guests.setup.garden')} from={text} />
    </div>
  )
}

/** Whom the device asks. Agents' addresses are those of the machines they run on. */
function RADIUS() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const { data: agents } = useQuery({ ...agentsQuery(site.id), enabled: can('agents.read') })
  const names = agents?.map((a) => a.name).join(', ')
  return (
    <>
      <p>{names ? t('web.guests.setup.radius.text', { agents: names }) : t('web.guests.setup.radius.noagent')}</p>
      <p>
        {t('web.guests.setup.radius.secret')}{' '}
        {can('nases.read') && (
          <Link to="/sites/$site/network/access-points" params={{ site: site.id }}>
            {t('web.network.nases')}
          </Link>
        )}
      </p>
    </>
  )
}
