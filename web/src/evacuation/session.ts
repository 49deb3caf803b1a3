import { Problem } from '../api/problem.ts'
import type { Kept } from './keep.ts'

/**
 * The evacuation page opens without a network: who is signed in, and at which site,
 * is then what this device knows from the last time.
 */

const patience = 700

let without = false

/** Whether this page began with what was kept; asking again is then due. Says so once. */
export function beganWithout(): boolean {
  const was = without
  without = false
  return was
}

const siteHere = () => /^\/sites\/([^/]+)\/evacuation(\/|$)/.exec(location.pathname)?.[1]

/** What the server says; on the evacuation page what is kept, where it does not answer soon. */
export async function orKept<T>(asked: Promise<T>, pick: (kept: Kept) => T): Promise<T> {
  const site = siteHere()
  if (!site) return asked
  const patient = pause(without ? 0 : patience).then(() => 'silent' as const)
  const outcome = asked.then(
    () => 'answered' as const,
    (error) => (error instanceof Problem && error.passing ? ('silent' as const) : ('refused' as const)),
  )
  if ((await Promise.race([outcome, patient])) !== 'silent') return asked
  const instead = await keptOf(site)
  if (!instead) return asked
  without = true
  return pick(instead)
}

const pause = (milliseconds: number) => new Promise<void>((go) => setTimeout(go, milliseconds))

async function keptOf(site: string): Promise<Kept | null> {
  try {
    return await (await import('./keep.ts')).kept(site)
  } catch {
    return null
  }
}
