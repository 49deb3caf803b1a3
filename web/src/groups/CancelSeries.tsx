import { useQuery } from '@tanstack/react-query'
import { seriesQuery } from '../api/queries.ts'
import type { Visit } from '../api/types.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { useChanges } from '../dialog/useChanges.ts'
import { Waiting } from '../look/States.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { shortDay } from '../time.ts'
import classes from './Groups.module.css'
import { stillToCome } from './series.ts'

/** Cancels what has not begun, from a day on. The days are named, so that nobody is surprised. */
export function CancelSeries({ visit, close }: { visit: Visit; close: () => void }) {
  const { t, language } = useText()
  const site = useSite()
  const { cancelSeries } = useChanges()
  const { data } = useQuery(seriesQuery(visit.series_id ?? ''))
  const rest = data && stillToCome(data, visit)
  return (
    <Confirm
      danger
      dismiss={t('web.series.keep')}
      title={t('web.series.cancel.title', { name: nameOf(visit) })}
      action={rest ? t.count('web.series.cancel.action', rest.length) : t('web.action.cancel')}
      waiting={t('web.waiting')}
      act={() => cancelSeries(visit, rest ?? [visit]).then(close)}
      close={close}
    >
      {t('web.series.cancel.text')}
      {rest ? (
        <ul className={classes.chips} tabIndex={0} aria-label={t('web.series.preview')}>
          {rest.map((v) => (
            <li key={v.id} className={classes.chip} data-plain>
              {shortDay(v.expected_arrival, site.timezone, language)}
            </li>
          ))}
        </ul>
      ) : (
        <Waiting>{t('web.loading')}</Waiting>
      )}
    </Confirm>
  )
}
