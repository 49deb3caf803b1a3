/** What people look for in an audit trail: kinds of action by subject, at most twenty each. */
export const subjects = {
  visits: [
    'visitor.pre_registered',
    'visitor.checked_in',
    'visitor.checked_out',
    'visitor.expired',
    'visitor.cancelled',
    'visitor.no_show',
    'visitor.extended',
    'visit.changed',
    'visit.left_confirmed',
    'visit.termination_retried',
  ],
  access: [
    'voucher.handed_out',
    'voucher.revealed',
    'voucher.reissued',
    'voucher.mailed',
    'voucher.wiped',
    'session.terminated',
    'session.termination_failed',
  ],
  logins: ['user.login_succeeded', 'user.login_failed', 'user.logins_ended', 'user.password_set', 'user.linked'],
  staff: [
    'user.created',
    'user.changed',
    'user.erased',
    'user.totp_on',
    'user.totp_off',
    'token.created',
    'token.revoked',
  ],
  settings: [
    'site.created',
    'site.changed',
    'site.archived',
    'site.mail_changed',
    'site.crm_changed',
    'site.retention_changed',
    'site.rules_changed',
    'site.offline_list_changed',
    'webhook.created',
    'webhook.changed',
    'webhook.deleted',
    'webhook.rotated',
    'webhook.replayed',
    'crm_account.created',
    'crm_account.changed',
    'crm_account.deleted',
    'kiosk.created',
    'kiosk.paired',
    'kiosk.revoked',
  ],
  network: [
    'agent.created',
    'agent.enrolled',
    'agent.connected',
    'agent.disconnected',
    'agent.quarantined',
    'nas.created',
    'nas.changed',
    'nas.deleted',
    'nas.tested',
  ],
  evacuation: ['roll_call.started', 'roll_call.mark', 'roll_call.ended', 'presence.opened'],
  rolls: [
    'zone.created',
    'zone.changed',
    'zone.deleted',
    'zone.exported',
    'zone.imported',
    'roll.created',
    'roll.imported',
    'roll.changed',
    'roll.replaced',
    'roll.retired',
    'roll.deleted',
    'roll.printed',
    'roll.sold',
    'roll.codes_expired',
    'roll.codes_used_up',
    'access.started',
    'access.changed',
    'access.ended',
  ],
  privacy: [
    'person.erasure',
    'person.exported',
    'data.purged',
    'visit.purged',
    'lawful.requested',
    'lawful.approved',
    'lawful.denied',
    'lawful.read',
    'audit.exported',
  ],
} as const

export type Subject = keyof typeof subjects

/** What sort of break a verification found, by how its reason begins. */
export function breakOf(reason: string): 'missing' | 'order' | 'altered' | 'rewritten' | 'unlinked' | 'other' {
  if (reason.startsWith('missing')) return 'missing'
  if (reason.startsWith('out of order')) return 'order'
  if (reason.startsWith('altered')) return 'altered'
  if (reason.startsWith('rewritten')) return 'rewritten'
  return reason.startsWith('it does not follow') ? 'unlinked' : 'other'
}

/** The days chosen, as instants of the place: from the first's beginning to the last's end. */
export function rangeOf(from: string, to: string, instant: (field: string) => string | null) {
  const next = (day: string) => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  return {
    from: (from && instant(`${from}T00:00`)) || undefined,
    to: (to && instant(`${next(to)}T00:00`)) || undefined,
  }
}
