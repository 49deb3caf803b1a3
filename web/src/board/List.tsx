import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import type { Tab, Visit } from '../api/types.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useKey } from '../useKey.ts'
import { useMe } from '../useMe.ts'
import { useNow } from '../useNow.ts'
import { mainAction } from './actions.ts'
import classes from './Board.module.css'
import { useHeading } from './heading.ts'
import { Row } from './Row.tsx'
import { flat, sections } from './sections.ts'
import { useActions } from './useActions.ts'
import { usePhone } from './usePhone.ts'
import { choosable, manyOf, type Selection } from './useSelection.ts'

type Props = {
  tab: Tab
  visits: readonly Visit[]
  /** Whether all pages are here, so that a section's count is one. */
  complete: boolean
  selection: Selection
  onOpen: (v: Visit) => void
  onEnd: () => void
}

const ahead = 20 // rows before the end at which the next page is asked for

/** A tab's visits. Only rows in sight are in the document, however many there are. */
export function List({ tab, visits, complete, selection, onOpen, onEnd }: Props) {
  const { t } = useText()
  const site = useSite()
  const now = useNow(15_000)
  const phone = usePhone()
  const entries = useMemo(() => flat(sections(visits, tab, now, site.timezone)), [visits, tab, now, site.timezone])
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: (i) => (entries[i]?.kind === 'heading' ? 44 : phone ? 92 : 56),
    getItemKey: (i) => entries[i]?.key ?? i,
    overscan: 10,
  })
  const shown = rows.getVirtualItems()
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (!complete && last >= entries.length - ahead) onEnd()
  }, [complete, last, entries.length, onEnd])
  // Heights depend on the width alone.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  useEffect(() => rows.measure(), [phone])

  const focus = useRoving(entries, rows.scrollToIndex, scroller, selection, tab, onOpen)
  return (
    <div ref={scroller} className={classes.scroller}>
      <div
        role="grid"
        aria-label={t(`web.tab.${tab}`)}
        aria-rowcount={complete ? entries.length : -1}
        aria-multiselectable={selection.on || undefined}
        className={classes.grid}
        style={{ height: rows.getTotalSize() }}
      >
        {shown.map((item) => {
          const entry = entries[item.index]
          if (!entry) return null
          return (
            <div
              key={item.key}
              role="presentation"
              className={classes.place}
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
            >
              {entry.kind === 'heading' ? (
                <Heading id={entry.key} count={complete ? entry.count : null} index={item.index + 1} now={now} />
              ) : (
                <Row
                  visit={entry.visit}
                  tab={tab}
                  now={now}
                  index={item.index + 1}
                  active={entry.key === focus.active}
                  chosen={selection.on && choosable(entry.visit, tab) ? selection.chosen.has(entry.key) : undefined}
                  onChoose={(range) => focus.choose(entry.visit, range)}
                  onOpen={() => onOpen(entry.visit)}
                  onFocus={() => focus.setActive(entry.key)}
                  onKeyDown={(e) => focus.onKeyDown(e, entry.visit)}
                />
              )}
            </div>
          )
        })}
      </div>
    </div>
  )
}

function Heading({ id, count, index, now }: { id: string; count: number | null; index: number; now: number }) {
  const heading = useHeading(now)
  return (
    <div role="row" className={classes.heading} aria-rowindex={index} data-key={id}>
      <div role="gridcell">
        {heading(id)}
        {count !== null && <span className="dimmed"> {count}</span>}
      </div>
    </div>
  )
}

/**
 * Arrow keys between rows; Enter does the one action, Space opens the detail, x
 * chooses the row. While rows are chosen Space does that too, as in any list.
 */
function useRoving(
  entries: ReturnType<typeof flat>,
  scrollTo: (index: number) => void,
  scroller: React.RefObject<HTMLDivElement | null>,
  selection: Selection,
  tab: Tab,
  onOpen: (v: Visit) => void,
) {
  const { can } = useMe()
  const act = useActions()
  const [wanted, setActive] = useState('')
  const moved = useRef(false)
  const lastIndex = useRef(0)
  const people = useMemo(() => entries.filter((e) => e.kind === 'visit'), [entries])
  const found = people.findIndex((e) => e.key === wanted)
  // Who was checked in is gone from here: the next one takes the place.
  const at = found >= 0 ? found : Math.min(lastIndex.current, Math.max(0, people.length - 1))
  const active = people[at]?.key ?? ''
  useEffect(() => {
    lastIndex.current = at
  }, [at])

  useEffect(() => {
    if (!moved.current) return
    moved.current = false
    scroller.current?.querySelector<HTMLElement>(`[data-visit="${active}"]`)?.focus()
  })
  const go = (index: number) => {
    const next = people[Math.max(0, Math.min(index, people.length - 1))]
    if (!next) return
    moved.current = true
    scrollTo(entries.indexOf(next))
    setActive(next.key)
    // The same row: nothing is rendered anew, but the focus may be elsewhere.
    if (next.key === active) scroller.current?.querySelector<HTMLElement>(`[data-visit="${active}"]`)?.focus()
  }
  const choose = (v: Visit, range: boolean) => {
    if (!manyOf(tab, can) || !choosable(v, tab)) return
    selection.toggle(v.id, range ? people.map((e) => e.key) : undefined)
  }
  useKey('ArrowDown', () => go(at))
  useKey('ArrowUp', () => go(at))

  const onKeyDown = (e: KeyboardEvent<HTMLElement>, v: Visit) => {
    if (e.target !== e.currentTarget || e.ctrlKey || e.metaKey || e.altKey) return
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: people.length - 1 }
    const step = steps[e.key]
    const main = mainAction(v, can)
    if (step !== undefined) go(step)
    else if (e.key === 'x' || (e.key === ' ' && selection.on)) choose(v, e.shiftKey)
    else if (e.key === ' ') onOpen(v)
    else if (e.key === 'Enter' && main) act(main, v)
    else return
    e.preventDefault()
  }
  return { active, setActive, onKeyDown, choose }
}
