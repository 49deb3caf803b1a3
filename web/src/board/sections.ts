import type { Tab, Visit } from '../api/types.ts'
import { dayKey } from '../time.ts'

/** A part of a tab under a heading: earlier, now, today, overdue, present, or a day such as 2026-11-24. */
export type Section = { key: string; visits: Visit[] }

const around = 30 * 60_000

/** Cuts a tab, which is sorted, into what belongs together for somebody at a desk. */
export function sections(visits: readonly Visit[], tab: Tab, now: number, zone: string): Section[] {
  const found: Section[] = []
  for (const v of visits) {
    const key = keyOf(v, tab, now, zone)
    const last = found.at(-1)
    if (last?.key === key) last.visits.push(v)
    else found.push({ key, visits: [v] })
  }
  return tab === 'on_site' ? overdueFirst(found) : found
}

function keyOf(v: Visit, tab: Tab, now: number, zone: string): string {
  switch (tab) {
    case 'on_site':
      return v.presence === 'unconfirmed' ? 'overdue' : 'present'
    case 'completed':
      return dayKey(v.ended_at ?? v.created_at, zone)
    case 'expected': {
      const ahead = Date.parse(v.expected_arrival) - now
      if (ahead < -around) return 'earlier'
      if (ahead <= around) return 'now'
      const day = dayKey(v.expected_arrival, zone)
      return day === dayKey(now, zone) ? 'today' : day
    }
  }
}

/** A departure may have passed a moment before its visit expires; one heading each all the same. */
function overdueFirst(found: Section[]): Section[] {
  return ['overdue', 'present']
    .map((key) => ({ key, visits: found.filter((s) => s.key === key).flatMap((s) => s.visits) }))
    .filter((s) => s.visits.length > 0)
}

export type Entry = { kind: 'heading'; key: string; count: number } | { kind: 'visit'; key: string; visit: Visit }

/** Sections as one list, for showing only the part of it that is in sight. */
export const flat = (list: readonly Section[]): Entry[] =>
  list.flatMap((s) => [
    { kind: 'heading' as const, key: s.key, count: s.visits.length },
    ...s.visits.map((visit) => ({ kind: 'visit' as const, key: visit.id, visit })),
  ])
