import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { Icon } from '../look/Icon.tsx'
import { Loaded } from '../page.tsx'
import { Lines } from '../settings/kit/Lines.tsx'
import { Page, Part } from '../settings/kit/Page.tsx'
import classes from '../settings/kit/Page.module.css'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { Peers } from './Peers.tsx'
import { rollsQuery, type Zone, zonesQuery } from './queries.ts'
import { RollDialog } from './RollDialog.tsx'
import { RollLine } from './RollLine.tsx'
import own from './Rolls.module.css'
import { ZoneActions } from './ZoneActions.tsx'
import { Ways } from './ZonesPage.tsx'

/** One zone and its rolls. */
export function ZonePage() {
  const { t } = useText()
  const site = useSite()
  const { zone: id = '' } = useParams({ strict: false })
  const zones = useQuery(zonesQuery(site.id))
  const zone = zones.data?.find((z) => z.id === id)
  return (
    <Page
      title={zone?.name ?? t('web.rolls.zones')}
      intro={
        <Link to="/sites/$site/rolls/zones" params={{ site: site.id }}>
          {t('web.rolls.back')}
        </Link>
      }
    >
      <Loaded query={zones}>{() => (zone ? <One zone={zone} /> : <p>{t('web.problem.zone_not_found')}</p>)}</Loaded>
    </Page>
  )
}

function One({ zone }: { zone: Zone }) {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const gone = () => navigate({ to: '/sites/$site/rolls/zones', params: { site: site.id } })
  return (
    <>
      <Rolls zone={zone} />
      <Part
        title={t('web.zone.facts')}
        action={
          <div className={classes.actions}>
            <ZoneActions zone={zone} gone={gone} />
          </div>
        }
      >
        <Facts zone={zone} />
      </Part>
      <Peers zone={zone} />
    </>
  )
}

function Rolls({ zone }: { zone: Zone }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const rolls = useQuery(rollsQuery(site.id, zone.id))
  const [adding, setAdding] = useState(false)
  return (
    <Part
      title={t('web.rolls.here')}
      action={
        can('rolls.make') && (
          <Button leftSection={<Icon name="plus" size={16} />} disabled={!rolls.data} onClick={() => setAdding(true)}>
            {t('web.roll.add')}
          </Button>
        )
      }
    >
      <div className={own.rolls}>
        <Lines query={rolls} empty={t('web.rolls.none')}>
          {(r) => <RollLine key={r.id} zone={zone} roll={r} />}
        </Lines>
      </div>
      {adding && <RollDialog zone={zone} rolls={rolls.data ?? []} close={() => setAdding(false)} />}
    </Part>
  )
}

function Facts({ zone: z }: { zone: Zone }) {
  const { t } = useText()
  const s = z.series
  const portal = `${location.origin}/portal/${z.id}`
  return (
    <dl className={classes.facts}>
      <dt>{t('web.zone.state')}</dt>
      <dd>{t(z.enabled ? 'web.zone.on' : 'web.zone.off')}</dd>
      <dt>{t('web.zone.kind')}</dt>
      <dd>
        {t(`web.zone.kind.${z.kind}.short`)}
        {s && <div className="dimmed">{t.count('web.zone.outcome.length', s.code_length, { bits: s.key_bits })}</div>}
        {s && !s.has_private_key && <div className="dimmed">{t('web.zone.verifies')}</div>}
      </dd>
      <dt>{t('web.zone.ways')}</dt>
      <dd>
        <Ways zone={z} />
      </dd>
      <dt>{t('web.zone.logins')}</dt>
      <dd>{t(`web.zone.logins.${z.logins}`)}</dd>
      <dt>{t('web.zone.invalid')}</dt>
      <dd>{z.invalid_message}</dd>
      <dt>{t('web.zone.expired')}</dt>
      <dd>{z.expired_message}</dd>
      <dt>{t('web.zone.portal')}</dt>
      <dd className={own.code}>
        <a href={portal} target="_blank" rel="noreferrer">
          {portal}
        </a>
      </dd>
      {z.login_url && (
        <>
          <dt>{t('web.zone.login')}</dt>
          <dd className={own.code}>{z.login_url}</dd>
        </>
      )}
    </dl>
  )
}
