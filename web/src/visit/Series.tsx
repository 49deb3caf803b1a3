import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { seriesQuery } from '../api/queries.ts'
import type { Visit } from '../api/types.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { placeIn, stillToCome } from '../groups/series.ts'
import { VisitBadge } from '../look/Badge.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { clock, shortDay } from '../time.ts'
import { useMe } from '../useMe.ts'
import classes from './Visit.module.css'

/** Which day of how many this is, the others, and the way to cancel what is left. */
export function Series({ visit }: { visit: Visit }) {
  const { t, language } = useText()
  const { can } = useMe()
  const site = useSite()
  const open = useDialog()
  const { tab = '' } = useParams({ strict: false })
  const { data } = useQuery(seriesQuery(visit.series_id ?? ''))
  const place = data && placeIn(data, visit)
  if (!data || !place) return null
  const rest = stillToCome(data, visit)
  return (
    <details className={classes.series}>
      <summary>{t('web.series.place', place)}</summary>
      <ol>
        {data.map((v) => (
          <li key={v.id}>
            <Link
              to="/sites/$site/board/$tab/$visit"
              params={{ site: site.id, tab, visit: v.id }}
              aria-current={v.id === visit.id ? 'page' : undefined}
            >
              {shortDay(v.expected_arrival, site.timezone, language)}, {clock(v.expected_arrival, site.timezone)}–
              {clock(v.expected_departure, site.timezone)}
            </Link>
            <VisitBadge visit={v} />
          </li>
        ))}
      </ol>
      {rest.length > 0 && can('visits.write') && (
        <Button size="compact-sm" variant="default" onClick={() => open({ kind: 'cancelSeries', visit })}>
          {t('web.series.rest')}
        </Button>
      )}
    </details>
  )
}
