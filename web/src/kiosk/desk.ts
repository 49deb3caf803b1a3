import { type Problem, problemOf, unreachable } from '../api/problem.ts'
import type { components } from '../api/schema.ts'
import type { Shown } from './shown.ts'

type Schemas = components['schemas']
export type Screen = Schemas['KioskScreen']
export type Invitation = Schemas['InvitationAnswer']
export type CheckedIn = Schemas['KioskCheckInAnswer']
export type WalkIn = Omit<Schemas['WalkInRequest'], 'rules_version'>
export type Rules = { rules_version?: number }

const answersWithin = 15_000

/**
 * Calls the API as the screen. Not as the dashboard does: nobody is signed in here, and
 * no answer may be kept by anything.
 * @throws {Problem} for everything that is no success.
 */
async function ask<T>(method: string, path: string, body?: object, key?: string): Promise<T> {
  let response: Response
  try {
    response = await fetch(`/api/v1/kiosk${path}`, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body ? { 'Content-Type': 'application/json' } : {}),
        ...(key ? { 'Idempotency-Key': key } : {}),
      },
      body: body && JSON.stringify(body),
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(answersWithin),
    })
  } catch {
    throw unreachable()
  }
  if (!response.ok) throw await problemOf(response)
  return (response.status === 204 ? undefined : await response.json()) as T
}

export const desk = {
  screen: () => ask<Screen>('GET', ''),
  pair: (code: string) => ask<unknown>('POST', '/pair', { code }),
  invitation: (shown: Shown) => ask<Invitation>('POST', '/invitation', shown),
  checkIn: (shown: Shown & Rules, key: string) => ask<CheckedIn>('POST', '/check-in', shown, key),
  walkIn: (who: WalkIn & Rules, key: string) => ask<CheckedIn>('POST', '/walk-in', who, key),
  checkOut: (shown: Shown, key: string) => ask<void>('POST', '/check-out', shown, key),
}

/** What a visitor is told when something did not go on: the stem of its texts. */
export type Told = 'again' | 'away' | 'busy' | 'early' | 'failed' | 'over' | 'unknown' | 'out.unknown'

const byCode: Record<string, Told> = {
  already_checked_in: 'again',
  visit_ended: 'over',
  visit_cancelled: 'over',
  departure_in_past: 'over',
  link_expired: 'over',
  invitation_not_found: 'unknown',
}

export function tellOf(problem: Problem): Told {
  if (problem.status === 0 || problem.status >= 500) return 'away'
  if (problem.status === 429) return 'busy'
  return byCode[problem.code] ?? 'failed'
}

/** Whether the screen is none any more: revoked, or never paired. */
export const unpaired = (problem: Problem): boolean => problem.status === 401 || problem.code === 'forbidden'
