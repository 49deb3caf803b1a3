import type { IconName } from '../look/Icon.tsx'
import type { Account, Authentication } from './queries.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'muted'
type Look = { icon: IconName; tone: Tone }

export const lifecycles: Record<Account['lifecycle'], Look> = {
  active: { icon: 'in', tone: 'good' },
  pending: { icon: 'clock', tone: 'info' },
  scheduled: { icon: 'clock', tone: 'muted' },
  expired: { icon: 'expired', tone: 'muted' },
  blocked: { icon: 'cancelled', tone: 'bad' },
  erased: { icon: 'absent', tone: 'muted' },
}

export const contacts: Record<Account['contact_status'], Look> = {
  valid: { icon: 'done', tone: 'good' },
  unknown: { icon: 'unclear', tone: 'muted' },
  invalid: { icon: 'warn', tone: 'bad' },
  disposable: { icon: 'warn', tone: 'warn' },
}

/** What accounts are made by. */
export const methods = ['visit', 'account', 'code', 'email', 'sms', 'form', 'sponsor'] as const
export type Method = (typeof methods)[number]

/** How a guest was known. */
export const statuses: readonly Authentication['status'][] = ['logged_in', 'returning', 'returning_auto']

/** How a page of the portal looks among decisions. */
const pages: Record<string, Look> = {
  full: { icon: 'unclear', tone: 'muted' },
  continue: { icon: 'chevron', tone: 'info' },
  connected: { icon: 'done', tone: 'good' },
  silent: { icon: 'done', tone: 'good' },
  admitted: { icon: 'done', tone: 'good' },
  waiting: { icon: 'clock', tone: 'info' },
  denied: { icon: 'cancelled', tone: 'bad' },
}

/** Logins that did not do: the portal asks again. */
const failed = ['credentials', 'not_active']

export const decisionLook = ({ page, rule }: { page: string; rule: string }): Look =>
  pages[failed.includes(rule) ? 'denied' : page] ?? { icon: 'unclear', tone: 'muted' }

type Names = { first_name?: string; last_name?: string }

const named = (n: Names, login: string): string => [n.first_name, n.last_name].filter(Boolean).join(' ') || login

/** What an account is called: the guest's name, or what they log in with. */
export const accountName = (a: Pick<Account, 'visitor' | 'login'>): string => named(a.visitor, a.login)

export const authenticationName = (a: Pick<Authentication, 'first_name' | 'last_name' | 'login'>): string => named(a, a.login)

/** A MAC address as the API takes it, if what somebody typed is a whole one, however spelt. */
export function macOf(typed: string): string | undefined {
  const digits = typed.replace(/[:.\s-]/g, '')
  return /^[0-9a-f]{12}$/i.test(digits) ? digits.toLowerCase() : undefined
}

/** Whether the device made its address up: the locally administered bit (IEEE 802). */
export const isPrivate = (mac: string | undefined): boolean => /^.[26ae]/i.test(mac ?? '')
