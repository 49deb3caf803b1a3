import type { Person, Site, Visit } from '../api/types.ts'
import type { Key } from '../text/text.ts'
import { fromField, toField } from '../time.ts'

/** Here now, expected later, or on several days (see groups/series.ts). */
export type When = 'now' | 'later' | 'days'

/** What somebody has typed about a visit. */
export type Fields = {
  /** Of a visitor who was here before; empty for a new one. */
  personID: string
  firstName: string
  lastName: string
  company: string
  email: string
  phone: string
  hostName: string
  hostEmail: string
  purpose: string
  when: When
  arrival: string // of a datetime-local field, at the site
  departure: string
}

export type Faults = Partial<Record<keyof Fields, Key>>

const halfHour = 30 * 60_000

/** The next half hour, which is when people make appointments. */
const nextHalfHour = (now: number) => Math.ceil(now / halfHour) * halfHour

export function blank(site: Site, when: When, now: number): Fields {
  const arrival = when === 'now' ? now : nextHalfHour(now)
  return {
    personID: '',
    firstName: '',
    lastName: '',
    company: '',
    email: '',
    phone: '',
    hostName: '',
    hostEmail: '',
    purpose: '',
    when,
    arrival: toField(arrival, site.timezone),
    departure: toField(arrival + site.default_stay_seconds * 1000, site.timezone),
  }
}

export const fieldsOf = (v: Visit, site: Site): Fields => ({
  personID: v.person_id ?? '',
  firstName: v.visitor.first_name,
  lastName: v.visitor.last_name,
  company: v.visitor.company ?? '',
  email: v.visitor.email ?? '',
  phone: v.visitor.phone ?? '',
  hostName: v.host.name ?? '',
  hostEmail: v.host.email ?? '',
  purpose: v.purpose ?? '',
  when: 'later',
  arrival: toField(v.expected_arrival, site.timezone),
  departure: toField(v.expected_departure, site.timezone),
})

/** A changed arrival takes the departure along, so that the stay is as long as before. */
export function moveArrival(f: Fields, arrival: string, site: Site): Fields {
  const [before, after] = [fromField(f.arrival, site.timezone), fromField(arrival, site.timezone)]
  const end = fromField(f.departure, site.timezone)
  if (!before || !after || !end) return { ...f, arrival }
  const moved = Date.parse(end) + Date.parse(after) - Date.parse(before)
  return { ...f, arrival, departure: toField(moved, site.timezone) }
}

/** The same stay, now or at a time to come. */
export function switchWhen(f: Fields, when: When, site: Site, now: number): Fields {
  const moved = moveArrival(f, toField(when === 'now' ? now : nextHalfHour(now), site.timezone), site)
  return { ...moved, when }
}

/** Somebody who was here before: what is known of them, and whom they visited. */
export const returning = (f: Fields, p: Person): Fields => ({
  ...f,
  personID: p.id,
  firstName: p.first_name,
  lastName: p.last_name,
  company: p.company ?? '',
  email: p.email ?? '',
  phone: p.phone ?? '',
  hostName: f.hostName || p.last_visit?.host.name || '',
  hostEmail: f.hostEmail || p.last_visit?.host.email || '',
  purpose: f.purpose || p.last_visit?.purpose || '',
})

/** Another name is another person, whose visits are not to be put together with these. */
export const typed = (f: Fields, change: Partial<Fields>): Fields => ({
  ...f,
  ...change,
  ...('firstName' in change || 'lastName' in change ? { personID: '' } : {}),
})

export function departureFault(
  arrival: string | null,
  departure: string | null,
  site: Site,
  now: number,
): Key | undefined {
  if (!departure) return 'web.fault.time'
  const end = Date.parse(departure)
  if (end <= now) return 'web.fault.past'
  if (!arrival) return
  if (end <= Date.parse(arrival)) return 'web.fault.order'
  if (end - Date.parse(arrival) > site.max_stay_seconds * 1000) return 'web.fault.long'
}

/** As many characters as the API takes. */
export const longest: Partial<Record<keyof Fields, number>> = {
  firstName: 200,
  lastName: 200,
  company: 200,
  email: 254,
  phone: 40,
  hostName: 200,
  hostEmail: 254,
  purpose: 500,
}

export const isEmail = (text: string) => /^[^\s@]+@[^\s@]+$/.test(text.trim())

/** What is wrong with it, as far as can be said without asking. */
export function faults(f: Fields, site: Site, now: number): Faults {
  const found: Faults = {}
  if (!f.firstName.trim() && !f.lastName.trim()) found.lastName = 'web.fault.name'
  for (const name of ['email', 'hostEmail'] as const) {
    if (f[name].trim() && !isEmail(f[name])) found[name] = 'web.fault.email'
  }
  return f.when === 'days' ? found : { ...found, ...timeFaults(f, site, now) }
}

export function timeFaults(f: Pick<Fields, 'when' | 'arrival' | 'departure'>, site: Site, now: number): Faults {
  const found: Faults = {}
  const arrival = f.when === 'now' ? new Date(now).toISOString() : fromField(f.arrival, site.timezone)
  if (!arrival) found.arrival = 'web.fault.time'
  const departure = departureFault(arrival, fromField(f.departure, site.timezone), site, now)
  if (departure) found.departure = departure
  return found
}

/** What a request says of the visitor and the host. */
export const texts = (f: Fields) => ({
  visitor: {
    first_name: f.firstName.trim(),
    last_name: f.lastName.trim(),
    company: f.company.trim(),
    email: f.email.trim(),
    phone: f.phone.trim(),
  },
  host: { name: f.hostName.trim(), email: f.hostEmail.trim() },
  purpose: f.purpose.trim(),
})

/** The request of a new visit. A walk-in's arrival is the server's now. */
export const registration = (f: Fields, site: Site) => ({
  ...texts(f),
  site_id: site.id,
  person_id: f.personID || undefined,
  check_in: f.when === 'now',
  expected_arrival: f.when === 'now' ? undefined : (fromField(f.arrival, site.timezone) ?? undefined),
  expected_departure: fromField(f.departure, site.timezone) ?? undefined,
})

export const changeRequest = (f: Fields, site: Site) => ({
  ...texts(f),
  expected_arrival: fromField(f.arrival, site.timezone) ?? undefined,
  expected_departure: fromField(f.departure, site.timezone) ?? undefined,
})

/** Which field a part of the request is. */
export const fieldAt: Record<string, keyof Fields> = {
  'visitor.first_name': 'firstName',
  'visitor.last_name': 'lastName',
  'visitor.company': 'company',
  'visitor.email': 'email',
  'visitor.phone': 'phone',
  'host.name': 'hostName',
  'host.email': 'hostEmail',
  purpose: 'purpose',
  expected_arrival: 'arrival',
  expected_departure: 'departure',
}
