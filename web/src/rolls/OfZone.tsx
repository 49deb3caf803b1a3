import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Empty } from '../look/States.tsx'
import { Loaded } from '../page.tsx'
import { Page } from '../settings/kit/Page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { type Zone, zonesQuery } from './queries.ts'
import classes from './Rolls.module.css'

type Props = { title: string; intro: string; children: (zone: Zone) => ReactNode }

/** A page about one zone, which is chosen where a site has several; the address says which. */
export function OfZone({ title, intro, children }: Props) {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const { zone: wanted } = useSearch({ strict: false }) as { zone?: string }
  const zones = useQuery(zonesQuery(site.id))
  const zone = zones.data?.find((z) => z.id === wanted) ?? zones.data?.[0]
  return (
    <Page title={title} intro={intro}>
      <Loaded query={zones}>
        {(list) => (
          <>
            {list.length > 1 && (
              <NativeSelect
                className={classes.pick}
                label={t('web.rolls.zone')}
                value={zone?.id}
                onChange={(e) => navigate({ to: '.', search: { zone: e.currentTarget.value }, replace: true })}
                data={list.map((z) => ({ value: z.id, label: z.name }))}
              />
            )}
            {zone ? <Chosen key={zone.id}>{children(zone)}</Chosen> : <None />}
          </>
        )}
      </Loaded>
    </Page>
  )
}

/** What was typed for one zone is not there for another. */
const Chosen = ({ children }: { children: ReactNode }) => children

function None() {
  const { t } = useText()
  const site = useSite()
  return (
    <Empty icon="ticket" title={t('web.rolls.zones.noneyet')}>
      <Link to="/sites/$site/rolls/zones" params={{ site: site.id }}>
        {t('web.rolls.zones')}
      </Link>
    </Empty>
  )
}
