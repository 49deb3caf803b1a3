import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, useParams } from '@tanstack/react-router'
import { Icon } from '../look/Icon.tsx'
import { Waiting } from '../look/States.tsx'
import { nameOf } from '../person.ts'
import { Loaded } from '../page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useTitle } from '../useTitle.ts'
import { Age } from './Age.tsx'
import classes from './Evacuation.module.css'
import { accountedFor, count } from './marks.ts'
import { ListPaper } from './Paper.tsx'
import { markIcons } from './Person.tsx'
import { rollCallQuery } from './queries.ts'
import { Tools } from './Tools.tsx'
import type { Listed, Mark, RollCallDetail } from './types.ts'
import { useContrast } from './useContrast.ts'
import { useSaying } from './useSaying.ts'

/** What came of a roll call. */
export function Report() {
  const { t } = useText()
  const site = useSite()
  const { rollcall = '' } = useParams({ strict: false })
  useContrast()
  const query = useQuery({ ...rollCallQuery(site.id, rollcall), refetchOnMount: 'always' })
  return (
    <div className={classes.page}>
      <Link className={classes.back} to="/sites/$site/evacuation" params={{ site: site.id }}>
        <Icon name="chevron" size={18} />
        {t('web.evacuation.back')}
      </Link>
      <Loaded query={query}>
        {(detail) => {
          if (detail.roll_call.ended_at) return <One detail={detail} readAt={query.dataUpdatedAt} />
          // Whoever ended it, or saw it end, comes with what was read while it went on.
          if (!query.isFetchedAfterMount) return <Waiting>{t('web.loading')}</Waiting>
          return <Navigate to="/sites/$site/evacuation" params={{ site: site.id }} replace />
        }}
      </Loaded>
    </div>
  )
}

const tiles: readonly Mark[] = ['safe', 'not_here', 'missing', 'unclear', 'unmarked']

function One({ detail, readAt }: { detail: RollCallDetail; readAt: number }) {
  const { t } = useText()
  const site = useSite()
  const say = useSaying()
  const { roll_call: call } = detail
  const people = detail.people ?? []
  const counts = count(people)
  const rest = people.filter((p) => !accountedFor(p))
  useTitle(t(`web.evacuation.kind.${call.kind}`), site.name)
  const at = (instant: string) => say.at(instant, readAt)
  return (
    <>
      <h1>{t('web.evacuation.report', { kind: t(`web.evacuation.kind.${call.kind}`) })}</h1>
      <Age readAt={readAt} />
      <header className={classes.head}>
        <p>
          {t('web.evacuation.report.span', {
            from: at(call.started_at),
            by: say.named(call.started_by, call.starter?.name),
            to: at(call.ended_at ?? ''),
            ended_by: say.named(call.ended_by ?? '', call.ender?.name),
          })}
        </p>
        <div className={classes.row}>
          <Tools csv={`/api/v1/sites/${site.id}/roll-calls/${call.id}/report.csv`} />
        </div>
      </header>
      <dl className={classes.tiles}>
        {tiles.map((mark) => (
          <div key={mark} data-mark={mark}>
            <dt>
              <Icon name={markIcons[mark]} size={18} />
              {t(`web.evacuation.mark.${mark}`)}
            </dt>
            <dd>{counts[mark]}</dd>
          </div>
        ))}
      </dl>
      <section className={classes.part} aria-label={t('web.evacuation.report.rest')}>
        <h2>{t('web.evacuation.report.rest')}</h2>
        {rest.length === 0 ? <p>{t('web.evacuation.allfound')}</p> : <Lines people={rest} readAt={readAt} />}
      </section>
      {counts.accounted > 0 && (
        <section className={classes.part} aria-label={t('web.evacuation.report.accounted')}>
          <h2>{t('web.evacuation.report.accounted')}</h2>
          <Lines people={people.filter(accountedFor)} readAt={readAt} />
        </section>
      )}
      <ListPaper people={people} readAt={readAt} rollCall={call} />
    </>
  )
}

/** Everybody with everything that was said of them. */
function Lines({ people, readAt }: { people: readonly Listed[]; readAt: number }) {
  const { t } = useText()
  const say = useSaying()
  return (
    <ul className={classes.lines}>
      {people.map((p) => (
        <li key={p.visit_id}>
          <div>
            <h3 className={classes.name}>{nameOf(p)}</h3>
            {p.visitor.company && <p>{p.visitor.company}</p>}
            {p.arrived && <p>{t('web.evacuation.arrived', { at: say.at(p.added_at, readAt) })}</p>}
            {p.left_at && <p>{t('web.evacuation.left', { at: say.at(p.left_at, readAt) })}</p>}
          </div>
          <div className={classes.said}>
            <span className={classes.standing} data-mark={p.mark}>
              <Icon name={markIcons[p.mark]} size={18} />
              <strong>{t(`web.evacuation.mark.${p.mark}`)}</strong>
            </span>
            {p.marks.map((m) => (
              <p key={m.mark_id}>{say.voice(m, readAt)}</p>
            ))}
          </div>
        </li>
      ))}
    </ul>
  )
}
