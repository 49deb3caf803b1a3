import type { KeyboardEvent } from 'react'
import type { Tab, Visit } from '../api/types.ts'
import { VisitBadge } from '../look/Badge.tsx'
import { Icon } from '../look/Icon.tsx'
import { nameOf } from '../person.ts'
import { useText } from '../text/useText.tsx'
import { Actions } from './Actions.tsx'
import classes from './Board.module.css'
import { useWhen } from './when.ts'

type Props = {
  visit: Visit
  tab: Tab
  now: number
  active: boolean
  index: number // of the grid's rows, from 1
  /** Absent unless rows are being chosen. */
  chosen: boolean | undefined
  onChoose: (range: boolean) => void
  onOpen: () => void
  onFocus: () => void
  onKeyDown: (e: KeyboardEvent<HTMLElement>) => void
}

/** A visit in a list. It takes the focus as a whole; its buttons are reached from there. */
export function Row({ visit, tab, now, active, index, chosen, onChoose, onOpen, onFocus, onKeyDown }: Props) {
  const { t } = useText()
  const when = useWhen(tab, now)(visit)
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
      aria-selected={chosen}
      onClick={(e) => {
        if ((e.target as HTMLElement).closest('button, [role="menu"]')) return
        if (chosen === undefined) onOpen()
        else onChoose(e.shiftKey)
      }}
    >
      <div role="gridcell" className={classes.who}>
        <span className={classes.name}>
          {chosen !== undefined && (
            <span className={classes.box} data-on={chosen || undefined} aria-hidden="true">
              {chosen && <Icon name="done" size={14} />}
            </span>
          )}
          {nameOf(visit)}
        </span>
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
        <Actions visit={visit} reachable={active} onOpen={onOpen} overdue={tab === 'on_site'} />
      </div>
    </div>
  )
}
