import type { KeyboardEvent } from 'react'
import type { Tab, Visit } from '../api/types.ts'
import { VisitBadge } from '../look/Badge.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { clock, dayKey, near } from '../time.ts'
import { Actions } from './Actions.tsx'
import classes from './Board.module.css'

type Props = {
  visit: Visit
  tab: Tab
  now: number
  active: boolean
  index: number // of the grid's rows, from 1
  onOpen: () => void
  onFocus: () => void
  onKeyDown: (e: KeyboardEvent<HTMLElement>) => void
}

/** A visit in a list. It takes the focus as a whole; its buttons are reached from there. */
export function Row({ visit, tab, now, active, index, onOpen, onFocus, onKeyDown }: Props) {
  const { t } = useText()
  const when = useWhen(visit, tab, now)
  const host = visit.host.name || visit.host.email
  return (
    <div
      role="row"
      className={classes.row}
      data-visit={visit.id}
      data-overdue={(tab === 'on_site' && visit.presence === 'unconfirmed') || undefined}
      aria-rowindex={index}
      tabIndex={active ? 0 : -1}
      onFocus={onFocus}
      onKeyDown={onKeyDown}
      onClick={(e) => {
        if (!(e.target as HTMLElement).closest('button, [role="menu"]')) onOpen()
      }}
    >
      <div role="gridcell" className={classes.who}>
        <span className={classes.name}>{nameOf(visit)}</span>
        {visit.visitor.company && <span className={classes.company}>{visit.visitor.company}</span>}
      </div>
      <div role="gridcell" className={classes.host}>
        {host ? (
          <>
            <span className="sr">{t('web.column.host')} </span>
            {host}
          </>
        ) : (
          <span aria-hidden="true">–</span>
        )}
      </div>
      <div role="gridcell" className={classes.when}>
        {when}
      </div>
      <div role="gridcell" className={classes.badge}>
        <VisitBadge visit={visit} completed={tab === 'completed'} />
      </div>
      <div role="gridcell" className={classes.actions}>
        <Actions visit={visit} reachable={active} onOpen={onOpen} />
      </div>
    </div>
  )
}

/** The time that matters on a tab. */
function useWhen(v: Visit, tab: Tab, now: number): string {
  const { t, language } = useText()
  const site = useSite()
  const at = (instant: string | undefined) => (instant ? near(instant, now, site.timezone, language) : '–')
  // Where the heading names the day, the row need not.
  const ahead = dayKey(v.expected_arrival, site.timezone) > dayKey(now, site.timezone)
  const ended = v.ended_at ? clock(v.ended_at, site.timezone) : '–'
  switch (tab) {
    case 'expected':
      return t('web.when.expected', { at: ahead ? clock(v.expected_arrival, site.timezone) : at(v.expected_arrival) })
    case 'on_site':
      if (v.presence === 'unconfirmed') return t('web.when.overdue', { at: at(v.expected_departure) })
      return t('web.when.in', { from: at(v.checked_in_at), to: at(v.expected_departure) })
    case 'completed':
      return t(v.status === 'checked_out' ? 'web.when.left' : 'web.when.ended', { at: ended })
  }
}
