import type { Detail, TimelineEvent } from '../api/types.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useActor } from './actor.ts'
import classes from './Visit.module.css'

/** Everything that was done to a visit, by whom, the latest first; ids only for those who look for them. */
export function Happened({ detail }: { detail: Detail }) {
  const { t } = useText()
  const events = detail.timeline.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
  return (
    <section className={classes.section} aria-labelledby="happened">
      <h2 id="happened">{t('web.detail.happened')}</h2>
      <ol className={classes.timeline}>
        {events.map((e) => (
          <Line key={e.id} event={e} />
        ))}
      </ol>
      <details className={classes.technical}>
        <summary>{t('web.detail.technical')}</summary>
        <dl>
          <dt>{t('web.detail.visitid')}</dt>
          <dd>{detail.visit.id}</dd>
          <dt>{t('web.detail.workflow')}</dt>
          <dd>
            {detail.workflow_url ? (
              <a href={detail.workflow_url} target="_blank" rel="noreferrer">
                {detail.workflow_id}
                <span className="sr"> {t('web.detail.newtab')}</span>
              </a>
            ) : (
              detail.workflow_id
            )}
          </dd>
          {detail.visit.series_id && (
            <>
              <dt>{t('web.detail.seriesid')}</dt>
              <dd>{detail.visit.series_id}</dd>
            </>
          )}
          {detail.visit.ended_by && (
            <>
              <dt>{t('web.detail.endedby')}</dt>
              <dd>{detail.visit.ended_by}</dd>
            </>
          )}
        </dl>
      </details>
    </section>
  )
}

function Line({ event }: { event: TimelineEvent }) {
  const { t, language } = useText()
  const site = useSite()
  const actor = useActor()
  return (
    <li>
      <time dateTime={event.at}>{near(event.at, Date.now(), site.timezone, language)}</time>
      <span>
        {t.known(`web.event.${event.kind}`, event.kind)}
        <span className="dimmed"> · {actor(event.by)}</span>
      </span>
    </li>
  )
}
