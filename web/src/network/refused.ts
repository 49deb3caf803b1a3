import type { Refused } from '../api/types.ts'

/** How far back one looks. */
export const ranges = ['hour', 'day', 'week', 'all'] as const
export type Range = (typeof ranges)[number]

const hours: Record<Range, number> = { hour: 1, day: 24, week: 7 * 24, all: 0 }

/** From when on; to the minute, so that asking again is asking the same. */
export function sinceOf(range: Range, now: number): string | undefined {
  if (!hours[range]) return undefined
  const minute = Math.floor(now / 60_000) * 60_000
  return new Date(minute - hours[range] * 3_600_000).toISOString()
}

export const reasons = [
  'unknown_user',
  'wrong_password',
  'expired',
  'revoked',
  'not_yet_valid',
  'device_limit',
  'wrong_secret_suspected',
  'no_message_authenticator',
  'unsupported_method',
  'too_many_tries',
  'ambiguous_credentials',
  'secret_spent',
  'secret_expired',
  'other_device',
  'other_nas',
] as const

/** Refusals that have one cause: the same reason at the same access point, of the same user. */
export type Group = {
  key: string
  reason: string
  nasID: string
  nas: string
  username: string
  visitID: string | undefined
  macs: string[]
  times: number
  first: string
  last: string
}

/** Puts together what has one cause; the group with the newest refusal comes first. */
export function grouped(list: readonly Refused[]): Group[] {
  const groups = new Map<string, Group>()
  for (const r of list.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))) {
    const key = [r.reason, r.nas_id ?? '', r.username ?? ''].join('|')
    const g = groups.get(key)
    if (!g) {
      groups.set(key, {
        key,
        reason: r.reason,
        nasID: r.nas_id ?? '',
        nas: r.nas_name ?? '',
        username: r.username ?? '',
        visitID: r.visit_id,
        macs: r.mac ? [r.mac] : [],
        times: r.count,
        first: r.at,
        last: r.at,
      })
      continue
    }
    g.times += r.count
    g.first = r.at
    g.visitID ??= r.visit_id
    if (r.mac && !g.macs.includes(r.mac)) g.macs.push(r.mac)
  }
  return [...groups.values()]
}
