import { useCallback, useMemo, useState } from 'react'
import type { Tab, Visit } from '../api/types.ts'

export type Selection = {
  on: boolean
  chosen: ReadonlySet<string>
  begin: () => void
  end: () => void
  /** With the order of all rows: everything from the last one chosen to this. */
  toggle: (id: string, order?: readonly string[]) => void
  set: (ids: readonly string[]) => void
}

/** What is done to many at once on a tab, if anything. */
export function manyOf(tab: Tab, can: (permission: string) => boolean): 'checkInMany' | 'revealMany' | null {
  if (tab === 'expected') return can('visits.checkin') ? 'checkInMany' : null
  if (tab === 'on_site') return can('vouchers.reveal') ? 'revealMany' : null
  return null
}

/** Who is overdue has no access any more, and so no slip. */
export const choosable = (v: Visit, tab: Tab): boolean => tab === 'expected' || v.status === 'checked_in'

/** From one row to another, both included. */
export function between(order: readonly string[], from: string, to: string): string[] {
  const [a, b] = [order.indexOf(from), order.indexOf(to)]
  return a < 0 || b < 0 ? [to] : order.slice(Math.min(a, b), Math.max(a, b) + 1)
}

type State = { place: string; on: boolean; chosen: ReadonlySet<string>; last: string }
const nothing = (place: string): State => ({ place, on: false, chosen: new Set(), last: '' })

/** Rows that were chosen; another place begins with none. */
export function useSelection(place: string): Selection {
  const [state, setState] = useState(() => nothing(place))
  const now = state.place === place ? state : nothing(place)
  const change = useCallback(
    (next: (s: State) => State) => setState((s) => next(s.place === place ? s : nothing(place))),
    [place],
  )
  return useMemo(
    () => ({
      on: now.on,
      chosen: now.chosen,
      begin: () => change((s) => ({ ...s, on: true })),
      end: () => change(() => nothing(place)),
      toggle: (id, order) =>
        change((s) => {
          const chosen = new Set(s.chosen)
          if (order && s.last) for (const other of between(order, s.last, id)) chosen.add(other)
          else if (!chosen.delete(id)) chosen.add(id)
          return { ...s, on: true, chosen, last: id }
        }),
      set: (ids) => change((s) => ({ ...s, on: true, chosen: new Set(ids) })),
    }),
    [now.on, now.chosen, change, place],
  )
}
