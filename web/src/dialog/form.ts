import type { Site, Visit } from '../api/types.ts'
import type { Key } from '../text/text.ts'
import { fromField, toField } from '../time.ts'

/** What somebody has typed about a visit. */
export type Fields = {
  firstName: string
  lastName: string
  company: string
  email: string
  phone: string
  hostName: string
  hostEmail: string
  purpose: string
  walkIn: boolean
  arrival: string // of a datetime-local field, at the site
  departure: string
}

export type Faults = Partial<Record<keyof Fields, Key>>

const halfHour = 30 * 60_000

/** The next half hour, which is when people make appointments. */
const nextHalfHour = (now: number) => Math.ceil(now / halfHour) * halfHour

export function blank(site: Site, walkIn: boolean, now: number): Fields {
  const arrival = walkIn ? now : nextHalfHour(now)
  return {
    firstName: '',
    lastName: '',
    company: '',
    email: '',
    phone: '',
    hostName: '',
    hostEmail: '',
    purpose: '',
    walkIn,
    arrival: toField(arrival, site.timezone),
    departure: toField(arrival + site.default_stay_seconds * 1000, site.timezone),
  }
}

export const fieldsOf = (v: Visit, site: Site): Fields => ({
  firstName: v.visitor.first_name,
  lastName: v.visitor.last_name,
  company: v.visitor.company ?? '',
  email: v.visitor.email ?? '',
  phone: v.visitor.phone ?? '',
  hostName: v.host.name ?? '',
  hostEmail: v.host.email ?? '',
  purpose: v.purpose ?? '',
  walkIn: false,
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
export function switchWhen(f: Fields, walkIn: boolean, site: Site, now: number): Fields {
  const moved = moveArrival(f, toField(walkIn ? now : nextHalfHour(now), site.timezone), site)
  return { ...moved, walkIn }
}

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

/** What is wrong with it, as far as can be said without asking. */
export function faults(f: Fields, site: Site, now: number): Faults {
  const found: Faults = {}
  if (!f.firstName.trim() && !f.lastName.trim()) found.lastName = 'web.fault.name'
  for (const name of ['email', 'hostEmail'] as const) {
    if (f[name].trim() && !/^[^\s@]+@[^\s@]+$/.test(f[name].trim())) found[name] = 'web.fault.email'
  }
  const arrival = f.walkIn ? new Date(now).toISOString() : fromField(f.arrival, site.timezone)
  if (!arrival) found.arrival = 'web.fault.time'
  const departure = departureFault(arrival, fromField(f.departure, site.timezone), site, now)
  if (departure) found.departure = departure
  return found
}

const texts = (f: Fields) => ({
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
  check_in: f.walkIn,
  expected_arrival: f.walkIn ? undefined : (fromField(f.arrival, site.timezone) ?? undefined),
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
