/** Spans are seconds for the API, and a number of something for people. */
export type Unit = 'minutes' | 'hours' | 'days'

const seconds: Record<Unit, number> = { minutes: 60, hours: 3600, days: 86_400 }
export const units = Object.keys(seconds) as Unit[]

/** The largest unit that says a span without a fraction; up to two days are hours. */
export function unitOf(span: number): Unit {
  if (span > 2 * seconds.days && span % seconds.days === 0) return 'days'
  return span % seconds.hours === 0 ? 'hours' : 'minutes'
}

export const inUnit = (span: number, unit: Unit): number => Math.round((span / seconds[unit]) * 100) / 100

export const toSeconds = (n: number, unit: Unit): number => Math.round(n * seconds[unit])
