/**
 * Instants are ISO texts in UTC, as the API speaks; people see the site's clock.
 * Everything here is a function of its arguments.
 */

const minute = 60_000
const formats = new Map<string, Intl.DateTimeFormat>()

function format(language: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language}|${zone}|${JSON.stringify(options)}`
  let f = formats.get(key)
  if (!f) {
    // British English: 24 hours, day before month.
    f = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
      ...options,
      timeZone: zone,
      hourCycle: 'h23',
    })
    formats.set(key, f)
  }
  return f
}

/** "14:05" */
export const clock = (at: string | number, zone: string): string =>
  format('en', zone, { hour: '2-digit', minute: '2-digit' }).format(new Date(at))

/** "14:05:09" */
export const seconds = (at: string | number, zone: string): string =>
  format('en', zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(at))

/** "Tuesday, 24 November" */
export const day = (at: string | number, zone: string, language: string): string =>
  format(language, zone, { weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(at))

/** "Tue 24 Nov" */
export const shortDay = (at: string | number, zone: string, language: string): string =>
  format(language, zone, { weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(at))

/** "Tue 24 Nov 2027" */
export const datedDay = (at: string | number, zone: string, language: string): string =>
  format(language, zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(at))

/** "2026-11-24", of the place: equal for instants of one day. */
export const dayKey = (at: string | number, zone: string): string =>
  format('sv', zone, { year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(at))

/** The time, with its day unless that is today. */
export function near(at: string | number, now: number, zone: string, language: string): string {
  if (dayKey(at, zone) === dayKey(now, zone)) return clock(at, zone)
  return `${shortDay(at, zone, language)}, ${clock(at, zone)}`
}

/** What a datetime-local field shows for an instant at a place: "2026-11-24T14:05". */
export const toField = (at: string | number, zone: string): string => `${dayKey(at, zone)}T${clock(at, zone)}`

/**
 * The instant that a datetime-local field means at a place, or null for what is no
 * time. A time that the clocks skip is read as the one after the change; one that
 * they show twice as the first.
 */
export function fromField(text: string, zone: string): string | null {
  const wall = Date.parse(`${text}:00Z`)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) || Number.isNaN(wall)) return null
  const candidates = [wall - offset(wall - 24 * 60 * minute, zone), wall - offset(wall + 24 * 60 * minute, zone)]
  const exact = candidates.filter((c) => toField(c, zone) === text)
  return new Date(Math.min(...(exact.length > 0 ? exact : candidates.slice(0, 1)))).toISOString()
}

/** How far the place's clock is ahead of UTC, in milliseconds. */
function offset(at: number, zone: string): number {
  const whole = Math.floor(at / minute) * minute
  return Date.parse(`${toField(whole, zone)}:00Z`) - whole
}

/** Whether this device's clock shows something else than the place's. */
export const zoneDiffers = (zone: string, now: number): boolean =>
  offset(now, zone) !== -new Date(now).getTimezoneOffset() * minute

/** "CET" */
export const zoneName = (zone: string, now: number): string =>
  format('en', zone, { timeZoneName: 'short' })
    .formatToParts(now)
    .find((p) => p.type === 'timeZoneName')?.value ?? zone

/** A span in the largest two units that matter. */
export function span(milliseconds: number): { hours: number; minutes: number; seconds: number } {
  const total = Math.max(0, Math.floor(milliseconds / 1000))
  return { hours: Math.floor(total / 3600), minutes: Math.floor((total % 3600) / 60), seconds: total % 60 }
}
