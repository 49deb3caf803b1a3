import type { Faults } from '../settings/kit/useForm.ts'
import type { Say } from '../text/text.ts'
import { fromField, toField } from '../time.ts'
import type { Account } from './queries.ts'
import { isMidnight } from './validity.ts'

/** What somebody says of an account, by the names of the API. */
export type Fields = {
  login: string
  first_name: string
  last_name: string
  company: string
  email: string
  phone: string
  profile_id: string
  /** Of a datetime-local field; empty: now. */
  starts_at: string
  /** Whether the profile says when it ends. */
  own_end: boolean
  /** Of a date field: the last day; with a time of its own, of a datetime-local one. */
  ends_at: string
  notes: string
  password: boolean
}

export const blankAccount = (profile: string): Fields => ({
  login: '',
  first_name: '',
  last_name: '',
  company: '',
  email: '',
  phone: '',
  profile_id: profile,
  starts_at: '',
  own_end: false,
  ends_at: '',
  notes: '',
  password: true,
})

export const fieldsOf = (a: Account, zone: string): Fields => ({
  login: a.login,
  first_name: a.visitor.first_name ?? '',
  last_name: a.visitor.last_name ?? '',
  company: a.visitor.company ?? '',
  email: a.visitor.email ?? '',
  phone: a.visitor.phone ?? '',
  profile_id: a.profile_id,
  starts_at: toField(a.starts_at, zone),
  own_end: a.ends_set,
  ends_at: endField(a.ends_at, zone),
  notes: a.notes ?? '',
  password: false,
})

/** What a datetime-local field shows for an exclusive end: a midnight is the last minute of the day before. */
export const endField = (end: string, zone: string): string =>
  toField(isMidnight(end, zone) ? Date.parse(end) - 60_000 : end, zone)

/** The exclusive end that the field means: the last minute of a day is all of it. */
export function endOfField(text: string, zone: string): string | null {
  const at = fromField(text, zone)
  if (!at || !text.endsWith('T23:59')) return at
  return new Date(Date.parse(at) + 60_000).toISOString()
}

const parts = ['first_name', 'last_name', 'company', 'email', 'phone'] as const

const visitorOf = (f: Fields) => Object.fromEntries(parts.map((name) => [name, f[name].trim()]))

export const creation = (f: Fields, site: string, zone: string) => ({
  site_id: site,
  profile_id: f.profile_id,
  login: f.login.trim() || undefined,
  visitor: visitorOf(f),
  starts_at: fromField(f.starts_at, zone) ?? undefined,
  ends_at: f.own_end ? (endOfField(f.ends_at, zone) ?? undefined) : undefined,
  notes: f.notes.trim() || undefined,
  password: f.password,
})

/** Only what differs, so that an end nobody touched stays the profile's. */
export function change(f: Fields, before: Fields, zone: string) {
  const visitor = Object.fromEntries(parts.filter((name) => f[name].trim() !== before[name]).map((name) => [name, f[name].trim()]))
  const ends = f.own_end && (!before.own_end || f.ends_at !== before.ends_at)
  return {
    ...(Object.keys(visitor).length > 0 && { visitor }),
    ...(f.profile_id !== before.profile_id && { profile_id: f.profile_id }),
    ...(f.notes.trim() !== before.notes && { notes: f.notes.trim() }),
    ...(f.starts_at !== before.starts_at && { starts_at: fromField(f.starts_at, zone) ?? undefined }),
    ...(ends && { ends_at: endOfField(f.ends_at, zone) ?? undefined }),
    ...(!f.own_end && before.own_end && { end_by_profile: true }),
  }
}

/** What is wrong with it, as far as can be said without asking. */
export function accountFaults(f: Fields, zone: string, now: number, t: Say): Faults {
  const start = f.starts_at ? fromField(f.starts_at, zone) : new Date(now).toISOString()
  return {
    profile_id: f.profile_id ? undefined : t('web.guests.fault.profile'),
    starts_at: start ? undefined : t('web.fault.time'),
    ends_at: f.own_end ? endFault(endOfField(f.ends_at, zone), start, t) : undefined,
  }
}

function endFault(end: string | null, start: string | null, t: Say): string | undefined {
  if (!end) return t('web.fault.time')
  return start && Date.parse(end) <= Date.parse(start) ? t('web.guests.fault.order') : undefined
}
