import type { components } from '../api/schema.ts'

type Mail = Pick<components['schemas']['Delivery'], 'state' | 'attempts'>
type Agent = Pick<components['schemas']['Agent'], 'enrolled_at' | 'certificate_not_after'>
type Termination = Pick<components['schemas']['OpenTermination'], 'asked_at' | 'failed_at'>

/** One mail may have a wrong address; when none of the last ones left, it is the mail. */
export function mailFailing(newestFirst: Mail[]): boolean {
  const tried = newestFirst.filter((m) => m.state !== 'skipped' && (m.state !== 'pending' || m.attempts > 0)).slice(0, 5)
  return tried.length >= 2 && tried.every((m) => m.state === 'failed' || (m.state === 'pending' && m.attempts > 1))
}

const patience = 10 * 60_000

/** Those that somebody has to look at: given up, or tried for longer than a busy access point explains. */
export const stuck = <T extends Termination>(open: T[], now: number): T[] =>
  open.filter((o) => o.failed_at || now - Date.parse(o.asked_at) > patience)

const expiringFor = 5 * 24 * 3600_000

/** Agents renew ten days before the end: one that is this near has tried in vain. */
export const expiring = <T extends Agent>(agents: T[], now: number): T[] =>
  agents.filter((a) => a.enrolled_at && a.certificate_not_after && Date.parse(a.certificate_not_after) - now < expiringFor)
