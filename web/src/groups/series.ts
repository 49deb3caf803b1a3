import type { Site, Visit } from '../api/types.ts'
import { type Fields, texts } from '../dialog/form.ts'
import type { Key } from '../text/text.ts'
import { dayKey, fromField, toField } from '../time.ts'

/** The days on which somebody comes, and when by the clock at the site. Days are texts such as 2026-12-24. */
export type Days = {
  from: string
  to: string
  /** Of the span; Monday is 1, Sunday 7. */
  weekdays: readonly number[]
  /** Taken out of the span, and added to it. */
  without: readonly string[]
  also: readonly string[]
  arrives: string // 09:00
  departs: string
}

/** The server's limit. */
export const daysMost = 100
/** Who means a longer span has mistyped a year. */
const aheadMost = 3660

const dayLong = 24 * 3_600_000
const noon = (day: string) => Date.parse(`${day}T12:00:00Z`)
export const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(noon(text))
const later = (day: string, days: number) => new Date(noon(day) + days * dayLong).toISOString().slice(0, 10)

/** Monday is 1. */
export const weekdayOf = (day: string): number => new Date(noon(day)).getUTCDay() || 7

/** The working days of a week from tomorrow on, as a start. */
export function blankDays(site: Site, now: number): Days {
  const from = later(dayKey(now, site.timezone), 1)
  return { from, to: later(from, 6), weekdays: [1, 2, 3, 4, 5], without: [], also: [], arrives: '09:00', departs: '17:00' }
}

/** The days in order, each once; of an endless span no more than show that it is too long. */
export function daysOf(d: Days): string[] {
  const days = new Set(d.also)
  if (isDay(d.from) && isDay(d.to)) {
    const last = d.to < later(d.from, aheadMost) ? d.to : later(d.from, aheadMost)
    for (let day = d.from; day <= last && days.size <= daysMost; day = later(day, 1)) {
      if (d.weekdays.includes(weekdayOf(day)) && !d.without.includes(day)) days.add(day)
    }
  }
  return [...days].sort()
}

export const withoutDay = (d: Days, day: string): Days => ({
  ...d,
  also: d.also.filter((x) => x !== day),
  without: [...d.without, day],
})

export const withDay = (d: Days, day: string): Days => ({
  ...d,
  without: d.without.filter((x) => x !== day),
  also: d.also.includes(day) ? d.also : [...d.also, day],
})

export type DaysFaults = Partial<Record<'from' | 'to' | 'days' | 'arrives' | 'departs', Key>>

export function daysFaults(d: Days, site: Site, now: number): DaysFaults {
  const found: DaysFaults = {}
  if (!isDay(d.from)) found.from = 'web.fault.day'
  if (!isDay(d.to)) found.to = 'web.fault.day'
  else if (isDay(d.from) && d.to < d.from) found.to = 'web.fault.span'
  if (!d.arrives) found.arrives = 'web.fault.clock'
  if (!d.departs) found.departs = 'web.fault.clock'
  else if (d.arrives && d.departs <= d.arrives) found.departs = 'web.fault.order'
  const days = daysOf(d)
  const first = days[0]
  if (days.length === 0) found.days = 'web.fault.nodays'
  else if (days.length > daysMost) found.days = 'web.fault.manydays'
  else if (first && Date.parse(fromField(`${first}T${d.departs}`, site.timezone) ?? '') <= now) found.days = 'web.fault.past'
  return found
}

/** What somebody should know of the clocks: on a day they change, or they do so between two of the days. */
export type ClockNote = { kind: 'moved'; day: string; wanted: string; shown: string } | { kind: 'change'; day: string }

export function clockNotes(d: Days, zone: string): ClockNote[] {
  const notes: ClockNote[] = []
  let before: { day: string; ahead: number } | null = null
  for (const day of daysOf(d)) {
    for (const wanted of [d.arrives, d.departs]) {
      const at = fromField(`${day}T${wanted}`, zone)
      const shown = at && toField(at, zone).slice(11)
      if (shown && shown !== wanted) notes.push({ kind: 'moved', day, wanted, shown })
    }
    const at = fromField(`${day}T${d.arrives}`, zone)
    if (!at) continue
    const ahead = Date.parse(`${day}T${d.arrives}:00Z`) - Date.parse(at)
    if (before && before.ahead !== ahead) notes.push({ kind: 'change', day })
    before = { day, ahead }
  }
  return notes
}

/** The request: the very days that were shown. */
export const seriesRequest = (f: Fields, d: Days, site: Site) => ({
  ...texts(f),
  site_id: site.id,
  person_id: f.personID || undefined,
  series: { dates: daysOf(d), arrives: d.arrives, departs: d.departs },
})

/** The visits of a series that can still be cancelled, from one on. */
export const stillToCome = (all: readonly Visit[], from: Visit): Visit[] =>
  all.filter(
    (v) =>
      v.status === 'pre_registered' &&
      !v.check_in_requested_at &&
      Date.parse(v.expected_arrival) >= Date.parse(from.expected_arrival),
  )

/** Which day of how many a visit is; those that were cancelled do not count, unless it is one. */
export function placeIn(all: readonly Visit[], visit: Visit): { at: number; of: number } | null {
  const counted = all.filter((v) => v.status !== 'cancelled' || v.id === visit.id)
  const at = counted.findIndex((v) => v.id === visit.id)
  return at < 0 ? null : { at: at + 1, of: counted.length }
}
