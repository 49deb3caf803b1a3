import { clock, datedDay, dayKey, fromField, seconds, shortDay } from '../time.ts'
import type { Validity } from './queries.ts'

/** Whether an instant is a midnight of the place, so that what ends then includes the day before. */
export const isMidnight = (at: string | number, zone: string): boolean => seconds(at, zone) === '00:00:00'

/**
 * The last that an exclusive end includes, by the clock of the place: a day where it is
 * a midnight, else a second.
 */
export function lastOf(ends: string, now: number, zone: string, language: string): string {
  const last = Date.parse(ends) - 1000
  const day = dayOf(last, now, zone, language)
  if (isMidnight(ends, zone)) return day
  return dayKey(last, zone) === dayKey(now, zone) ? seconds(last, zone) : `${day}, ${seconds(last, zone)}`
}

/** An instant with its day unless that is today, and its year unless it is this one. */
export function momentOf(at: string, now: number, zone: string, language: string): string {
  if (dayKey(at, zone) === dayKey(now, zone)) return clock(at, zone)
  return `${dayOf(at, now, zone, language)}, ${clock(at, zone)}`
}

const yearOf = (at: string | number, zone: string) => dayKey(at, zone).slice(0, 4)

const dayOf = (at: string | number, now: number, zone: string, language: string): string =>
  yearOf(at, zone) === yearOf(now, zone) ? shortDay(at, zone, language) : datedDay(at, zone, language)

/**
 * When an account ends that starts at an instant, exclusive; null for what is no
 * validity. The server reckons the same.
 */
export function endOf(v: Validity, start: number, zone: string): string | null {
  if (v.kind === 'until') return v.until ?? null
  const value = v.value ?? Number.NaN
  if (v.kind === 'hours') return iso(start + value * 3_600_000)
  const day = iso(Date.parse(`${dayKey(start, zone)}T00:00:00Z`) + value * 86_400_000)
  return day && fromField(day.slice(0, 16), zone)
}

const latest = Date.UTC(9999, 0)
const iso = (at: number) => (at < latest ? new Date(at).toISOString() : null)

/** Two in the afternoon of the place's today: what examples begin at. */
export const exampleStart = (now: number, zone: string): number =>
  Date.parse(fromField(`${dayKey(now, zone)}T14:00`, zone) ?? new Date(now).toISOString())

/** How long a validity stands for, in minutes; infinite for one that ends at an instant. A lifetime must not be longer. */
export function nominalMinutes(v: Validity): number {
  switch (v.kind) {
    case 'hours':
      return (v.value ?? 0) * 60
    case 'days':
      return (v.value ?? 0) * 24 * 60
    default:
      return Number.POSITIVE_INFINITY
  }
}
