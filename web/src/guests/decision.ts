import type { Say } from '../text/text.ts'
import type { Decision } from './queries.ts'

/** What came of standing before the portal, and why, as a sentence each. */
export function explained(d: Pick<Decision, 'page' | 'rule'>, t: Say): { what: string; why: string } {
  return {
    what: t.known(`web.guests.shown.${d.page}`, d.page),
    why: t.known(`web.guests.because.${d.rule}`, d.rule),
  }
}

/** What it was decided from, in words as far as we have them. */
export function factsOf(d: Pick<Decision, 'facts'>, t: Say, at: (instant: string) => string): [string, string][] {
  if (!d.facts || typeof d.facts !== 'object') return []
  return Object.entries(d.facts).flatMap(([name, value]): [string, string][] =>
    name === 'now' || value === '' ? [] : [[t.known(`web.guests.fact.${name}`, name), said(name, value, t, at)]],
  )
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d/
const families: Record<string, string> = { lifecycle: 'lifecycle', status: 'status', recognised_by: 'by' }

function said(name: string, value: unknown, t: Say, at: (instant: string) => string): string {
  if (typeof value !== 'string') return typeof value === 'object' ? JSON.stringify(value) : String(value)
  if (instant.test(value)) return at(value)
  return t.known(`web.guests.${families[name] ?? 'fact'}.${value}`, value)
}
