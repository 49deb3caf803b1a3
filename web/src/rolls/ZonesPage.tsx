import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { nasesQuery } from '../api/queries.ts'
import { Icon } from '../look/Icon.tsx'
import { Empty } from '../look/States.tsx'
import { Loaded } from '../page.tsx'
import { Line, Lines } from '../settings/kit/Lines.tsx'
import { Page, Part } from '../settings/kit/Page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { rollsQuery, type Zone, zonesQuery } from './queries.ts'
import { together, Use } from './Use.tsx'
import { ZoneActions } from './ZoneActions.tsx'
import { ZoneDialog } from './ZoneDialog.tsx'

/** Where codes are tried. */
export function ZonesPage() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const navigate = useNavigate()
  const zones = useQuery(zonesQuery(site.id))
  const [adding, setAdding] = useState(false)
  const add = can('rolls.write') && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
      {t('web.zone.add')}
    </Button>
  )
  return (
    <Page title={t('web.rolls.zones')} intro={t('web.rolls.zones.text')}>
      <Loaded query={zones}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon="ticket" title={t(can('rolls.write') ? 'web.rolls.zones.none' : 'web.rolls.zones.noneyet')}>
              {add}
            </Empty>
          ) : (
            <Part title={t('web.rolls.zones.here')} action={add}>
              <Lines query={zones} empty="">
                {(z) => <ZoneLine key={z.id} zone={z} />}
              </Lines>
            </Part>
          )
        }
      </Loaded>
      {adding && (
        <ZoneDialog
          close={() => setAdding(false)}
          made={(z) => navigate({ to: '/sites/$site/rolls/zones/$zone', params: { site: site.id, zone: z.id } })}
        />
      )}
    </Page>
  )
}

function ZoneLine({ zone: z }: { zone: Zone }) {
  const { t } = useText()
  const site = useSite()
  const rolls = useQuery(rollsQuery(site.id, z.id))
  const live = rolls.data?.filter((r) => !r.retired_at)
  return (
    <Line
      icon={z.enabled ? 'ticket' : 'absent'}
      tone={z.enabled ? undefined : 'warn'}
      title={
        <Link to="/sites/$site/rolls/zones/$zone" params={{ site: site.id, zone: z.id }}>
          {z.name}
        </Link>
      }
      note={
        <>
          {!z.enabled && <div>{t('web.zone.off')}</div>}
          <div>
            {t(`web.zone.kind.${z.kind}.short`)} · <Ways zone={z} />
          </div>
          {live && live.length > 0 && <Use of={together(live)} sold={live.some((r) => r.sold_only)} />}
        </>
      }
      side={live && t.count('web.rolls.count', live.length)}
    >
      <ZoneActions zone={z} />
    </Line>
  )
}

/** From where logins come to a zone, in a line. */
export function Ways({ zone: z }: { zone: Zone }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  // Who sells codes does not see access points; then their networks' names are all there is to say.
  const { data = [] } = useQuery({ ...nasesQuery(site.id), enabled: can('nases.read') })
  if (z.ways.length === 0) return t('web.zone.ways.nowhere')
  const name = (nas: string) => data.find((n) => n.id === nas)?.name
  return z.ways
    .map((w) => [name(w.nas_id), w.ssid].filter(Boolean).join(': ') || t('web.zone.ways.some'))
    .join(', ')
}
