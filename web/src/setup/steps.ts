import type { Agent, NAS, Site } from '../api/types.ts'

/** From an empty deployment to the first login, in this order. */
export const steps = ['site', 'network', 'agent', 'nas', 'login'] as const
export type Step = (typeof steps)[number]

/** What there is. The setup keeps no state of its own: what exists is how far it is. */
export type Facts = {
  site: Pick<Site, 'networks'> | undefined
  agents: readonly Pick<Agent, 'state'>[]
  nases: readonly Pick<NAS, 'accounting_seen_at' | 'disconnect_confirmed_at'>[]
  /** Whether the test's device was let in. */
  accepted: boolean
}

export function isDone(step: Step, f: Facts): boolean {
  switch (step) {
    case 'site':
      return f.site !== undefined
    case 'network':
      return (f.site?.networks.length ?? 0) > 0
    case 'agent':
      return f.agents.some((a) => a.state === 'connected')
    case 'nas':
      return f.nases.length > 0
    case 'login':
      return f.accepted || f.nases.some((n) => n.accounting_seen_at || n.disconnect_confirmed_at)
  }
}

/**
 * The step that one is at: the one that is held, though it is done, because its
 * result is being looked at; else the first that is neither done nor skipped. Null
 * when nothing is left. Without a site nothing else can be done.
 */
export function currentStep(f: Facts, skipped: ReadonlySet<Step>, held: Step | null): Step | null {
  if (!f.site) return 'site'
  if (held) return held
  return steps.find((s) => !isDone(s, f) && !skipped.has(s)) ?? null
}

/** The visit that the test's credentials are of; found again by its visitor. */
export const testVisitor = { first_name: 'WiFi', last_name: 'Test', company: 'Foyer' } as const
