import { memo } from 'react'
import { Icon, type IconName } from '../look/Icon.tsx'
import { nameOf } from '../person.ts'
import { useText } from '../text/useText.tsx'
import classes from './Evacuation.module.css'
import { type Person as Listed, voices } from './marks.ts'
import type { Mark, MarkMade, Present } from './types.ts'
import { useSaying } from './useSaying.ts'

export const marksMade: readonly MarkMade[] = ['safe', 'missing', 'not_here']

export const markIcons: Record<Mark, IconName> = {
  safe: 'done',
  missing: 'warn',
  not_here: 'left',
  unclear: 'unclear',
  unmarked: 'clock',
}

/** Who somebody is and what helps to find them. `now` is only looked at every half minute. */
export function Who({ person: p, now }: { person: Present & { left_at?: string; arrived?: boolean; added_at?: string }; now: number }) {
  const { t } = useText()
  const say = useSaying()
  const at = (instant: string) => say.at(instant, now)
  return (
    <div className={classes.who}>
      <h3 className={classes.name}>{nameOf(p)}</h3>
      {(p.visitor.company || p.host.name) && (
        <p>
          {p.visitor.company}
          {p.visitor.company && p.host.name && ' · '}
          {p.host.name && t('web.evacuation.host', { host: p.host.name })}
        </p>
      )}
      <p className={classes.facts}>
        {p.overdue_since ? (
          <span className={classes.overdue}>
            <Icon name="warn" size={18} />
            {t('web.evacuation.overdue', { since: at(p.overdue_since) })}
          </span>
        ) : (
          p.since && <span>{t('web.evacuation.since', { since: at(p.since) })}</span>
        )}
        <span>{p.last_seen_at ? t('web.evacuation.wifi', { ago: say.ago(p.last_seen_at, now) }) : t('web.evacuation.nowifi')}</span>
        {p.arrived && p.added_at && <strong>{t('web.evacuation.arrived', { at: at(p.added_at) })}</strong>}
        {p.left_at && <strong>{t('web.evacuation.left', { at: at(p.left_at) })}</strong>}
      </p>
    </div>
  )
}

type Props = {
  person: Listed
  now: number
  /** Absent for who may only look. */
  onMark?: (visit: string, mark: MarkMade) => void
}

/** One person of a roll call, with a target for each thing that can be said. */
export const Person = memo(function Person({ person: p, now, onMark }: Props) {
  const { t } = useText()
  return (
    <li className={classes.person} data-mark={p.mark}>
      <Who person={p} now={now} />
      <Standing person={p} now={now} />
      {onMark && (
        <div className={classes.targets} role="group" aria-label={nameOf(p)}>
          {marksMade.map((mark) => (
            <button
              key={mark}
              type="button"
              className={classes.target}
              data-mark={mark}
              aria-pressed={p.mark === mark}
              aria-label={t(`web.evacuation.say.${mark}`, { name: nameOf(p) })}
              onClick={() => onMark(p.visit_id, mark)}
            >
              <Icon name={markIcons[mark]} size={22} />
              {t(`web.evacuation.mark.${mark}`)}
            </button>
          ))}
        </div>
      )}
    </li>
  )
})

/** What the marks amount to, and where they contradict each other who said what. */
function Standing({ person: p, now }: { person: Listed; now: number }) {
  const { t } = useText()
  const say = useSaying()
  if (p.mark === 'unmarked') return null
  const said = voices(p.marks)
  return (
    <div className={classes.standing} data-mark={p.mark}>
      <Icon name={markIcons[p.mark]} />
      <span>
        <strong>{t(`web.evacuation.mark.${p.mark}`)}</strong>{' '}
        {p.mark === 'unclear'
          ? said.map((m) => say.voice(m, now)).join(', ')
          : said.map((m) => say.byWhom(m, now)).join(', ')}
        {p.waiting && ` · ${t('web.evacuation.unsent.this')}`}
      </span>
    </div>
  )
}
