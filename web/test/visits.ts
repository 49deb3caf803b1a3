import type { Site, Visit, VisitPage } from '../src/api/types.ts'

/** A visit for tests: only what matters is named. */
export function visit(id: string, more: Partial<Visit> = {}): Visit {
  return {
    id,
    site_id: 'site',
    visitor: { first_name: 'Ada', last_name: id },
    host: {},
    sync_crm: true,
    status: 'checked_in',
    presence: 'in',
    expected_arrival: '2026-11-24T09:00:00Z',
    expected_departure: '2026-11-24T11:00:00Z',
    created_at: '2026-11-24T08:00:00Z',
    updated_at: '2026-11-24T08:00:00Z',
    ...more,
  }
}

export const page = (items: Visit[], next?: string): VisitPage => ({
  items,
  next,
  counts: { expected: 0, on_site: 0, completed: 0 },
})

export const site = {
  id: 'site',
  name: 'Berlin',
  timezone: 'Europe/Berlin',
  networks: [],
  default_stay_seconds: 7200,
  max_stay_seconds: 86_400,
} as unknown as Site
