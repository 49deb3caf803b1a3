import type { AccessRule } from './queries.ts'

/** Monday first, by the numbers of the API: 0 is Sunday. */
export const weekdays = [1, 2, 3, 4, 5, 6, 0] as const

/** A weekday's name; the day is one of a week that begins on a Sunday. */
export const weekdayName = (weekday: number, language: string): string =>
  new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' }).format(Date.UTC(2024, 5, 2 + weekday))

const two = (n: number) => String(n).padStart(2, '0')

/** What a time field shows for minutes behind midnight. */
export const timeOf = (minutes: number | undefined): string => `${two(Math.floor((minutes ?? 0) / 60) % 24)}:${two((minutes ?? 0) % 60)}`

/** The minutes behind midnight that a time field means; as the end of a day, midnight is its end. */
export function minutesOf(time: string, end: boolean): number | undefined {
  const [h, m] = time.split(':').map(Number)
  if (h === undefined || m === undefined || Number.isNaN(h) || Number.isNaN(m)) return undefined
  const minutes = h * 60 + m
  return end && minutes === 0 ? 24 * 60 : minutes
}

/** Whether it says nothing of the time of day. */
export const allDay = (r: AccessRule): boolean => (r.from ?? 0) === (r.to ?? 0)

export const blankRule: AccessRule = { allow: false, ssids: [], weekdays: [], from: 0, to: 0 }
