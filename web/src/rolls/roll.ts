import type { Faults } from '../settings/kit/useForm.ts'
import type { Say } from '../text/text.ts'
import { fromField, toField } from '../time.ts'
import type { Roll, Zone } from './queries.ts'

/** What somebody says of a roll, by the names of the API; times are fields of the site's clock. */
export type Fields = {
  number: string
  count: string
  seconds: number
  sold_only: boolean
  not_before: string
  first_use_by: string
  devices: string
  description: string
}

const longMost = 10_000

/** How many codes a roll has at most. */
export const mostOf = (z: Zone): number => z.series?.max_ticket ?? longMost

export const highestOf = (z: Zone): number => z.series?.max_roll ?? 2_147_483_647

/** The next number, and what most rolls are. */
export const blankRoll = (zone: Zone, rolls: readonly Roll[]): Fields => ({
  number: String(Math.min(highestOf(zone), Math.max(0, ...rolls.map((r) => r.number)) + 1)),
  count: String(Math.min(100, mostOf(zone))),
  seconds: 7200,
  sold_only: zone.kind === 'compatible',
  not_before: '',
  first_use_by: '',
  devices: '0',
  description: '',
})

export const fieldsOf = (r: Roll, zone: string): Fields => ({
  number: String(r.number),
  count: String(r.count),
  seconds: r.seconds,
  sold_only: r.sold_only,
  not_before: r.not_before ? toField(r.not_before, zone) : '',
  first_use_by: r.first_use_by ? toField(r.first_use_by, zone) : '',
  devices: String(r.devices),
  description: r.description,
})

const terms = (f: Fields, zone: string) => ({
  seconds: f.seconds,
  sold_only: f.sold_only,
  not_before: fromField(f.not_before, zone) ?? undefined,
  first_use_by: fromField(f.first_use_by, zone) ?? undefined,
  devices: Number(f.devices),
  description: f.description.trim(),
})

export const creation = (f: Fields, zone: string) => ({
  ...terms(f, zone),
  number: Number(f.number),
  count: Number(f.count),
})

/** Whether it would be another roll, with other codes. */
export const changesCodes = (f: Fields, r: Roll): boolean => Number(f.number) !== r.number || Number(f.count) !== r.count

/** Number and count only where they change: they end all codes. */
export const change = (f: Fields, r: Roll, zone: string) => ({
  ...terms(f, zone),
  always: true,
  ...(Number(f.number) !== r.number && { number: Number(f.number) }),
  ...(Number(f.count) !== r.count && { count: Number(f.count) }),
})

const within = (text: string, least: number, most: number) =>
  /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most

const tenYears = 315_360_000

/** What is wrong with it, as far as can be said without asking. */
export function rollFaults(f: Fields, zone: Zone, clock: string, t: Say): Faults {
  const from = fromField(f.not_before, clock)
  const by = fromField(f.first_use_by, clock)
  return {
    number: within(f.number, 0, highestOf(zone)) ? undefined : t('web.roll.fault.range', { least: 0, most: highestOf(zone) }),
    count: within(f.count, 1, mostOf(zone)) ? undefined : t('web.roll.fault.range', { least: 1, most: mostOf(zone) }),
    seconds: f.seconds >= 1 && f.seconds <= tenYears ? undefined : t('web.roll.fault.time'),
    not_before: f.not_before && !from ? t('web.fault.time') : undefined,
    first_use_by: (f.first_use_by && !by && t('web.fault.time')) || (from && by && by <= from && t('web.roll.fault.order')) || undefined,
    devices: within(f.devices, 0, 1000) ? undefined : t('web.roll.fault.range', { least: 0, most: 1000 }),
  }
}

/** A part of a roll's tickets, as two fields. */
export type Range = { first: string; last: string }

export const lastOf = (r: Roll): number => r.first + r.count - 1

export const wholeOf = (r: Roll): Range => ({ first: String(r.first), last: String(lastOf(r)) })

export const sizeOf = (g: Range): number => Math.max(0, Number(g.last) - Number(g.first) + 1)

/** What is wrong with a range of tickets. */
export function rangeFaults(g: Range, r: Roll, t: Say): Faults {
  const { first } = r
  const last = lastOf(r)
  const fault = t('web.roll.fault.range', { least: first, most: last })
  return {
    first: within(g.first, first, last) ? undefined : fault,
    last: !within(g.last, first, last) ? fault : Number(g.last) < Number(g.first) ? t('web.roll.fault.behind') : undefined,
  }
}
