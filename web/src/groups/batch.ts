import type { Problem } from '../api/problem.ts'
import type { components } from '../api/schema.ts'
import type { Site } from '../api/types.ts'
import { type Fields, texts } from '../dialog/form.ts'
import type { Say } from '../text/text.ts'
import { fromField } from '../time.ts'
import { mended } from './mend.ts'
import type { Member } from './table.ts'

type BatchRow = components['schemas']['BatchRow']
type Refusal = components['schemas']['Refusal']

/** What is wrong with rows, in words, by the row's id. */
export type RowFaults = ReadonlyMap<number, string>

/** A visit for each; a company of one's own comes before the group's. */
export function batchRequest(f: Fields, people: readonly Member[], site: Site) {
  const { host, purpose } = texts(f)
  const departure = fromField(f.departure, site.timezone) ?? undefined
  const arrival = f.when === 'now' ? undefined : (fromField(f.arrival, site.timezone) ?? undefined)
  return {
    visits: people.map((m) => ({
      site_id: site.id,
      visitor: {
        first_name: m.firstName.trim(),
        last_name: m.lastName.trim(),
        company: m.company.trim() || f.company.trim(),
        email: m.email.trim(),
      },
      host,
      purpose,
      expected_arrival: arrival,
      expected_departure: departure,
    })),
  }
}


/** A refusal in words. */
export const refusalText = (t: Say, r: Refusal): string =>
  r.errors?.length ? r.errors.map((e) => mended(t, r.type, e.message)).join(' ') : mended(t, r.type, r.detail)

/** A request that was refused as a whole because of some rows. */
export function faultsOfRequest(people: readonly Member[], problem: Problem, t: Say): RowFaults {
  const found = new Map<number, string>()
  for (const [location, message] of Object.entries(problem.fields)) {
    const row = people[Number(/^visits\[(\d+)\]/.exec(location)?.[1] ?? Number.NaN)]
    if (row) found.set(row.id, mended(t, 'urn:foyer:problem:invalid', message))
  }
  return found
}

export function faultsByRow(
  people: readonly Member[],
  rows: readonly BatchRow[],
  t: Say,
): RowFaults {
  const found = new Map<number, string>()
  for (const [i, m] of people.entries()) {
    const refused = rows[i]?.refused
    if (refused) found.set(m.id, refusalText(t, refused))
  }
  return found
}
