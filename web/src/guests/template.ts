import { isEmail } from '../dialog/form.ts'
import type { Faults } from '../settings/kit/useForm.ts'
import type { Say } from '../text/text.ts'
import type { AccessRule, Profile, Template } from './queries.ts'
import { type Method, methods } from './states.ts'
import { nominalMinutes } from './validity.ts'

/** What a form may ask for, in the order in which it is asked. */
export const asked = ['first_name', 'last_name', 'email', 'phone', 'company'] as const
export type Ask = (typeof asked)[number]

/** The methods by which guests make an account of their own; staff, visits and codes bring theirs along. */
export const making: readonly Method[] = ['email', 'sms', 'form', 'sponsor']

/** What visitors read on screens of the house. */
export const guestLanguages = ['en', 'de', 'fr', 'es', 'it', 'pl'] as const
export type GuestLanguage = (typeof guestLanguages)[number]

export type Texts = Partial<Record<GuestLanguage, string>>

/** What somebody says of a template. */
export type Fields = {
  name: string
  lifetime_minutes: number
  reauth: Template['reauth']
  methods: Method[]
  profile_id: string
  profiles: Partial<Record<Method, string>>
  ask: Partial<Record<Ask, boolean>>
  recognise_mac: boolean
  mac_auth: boolean
  grace_minutes: string
  sponsor_domains: string
  sms_prefixes: string
  rules: AccessRule[]
  look: { title: Texts; text: Texts; footer: Texts; accent: string }
}

/** Four hours, as the server's default. */
export const usualLifetime = 240
const lifetimes = { least: 5, most: 30 * 24 * 60 }
/** Below it guests log in again and again. */
export const shortLifetime = 60

export const blankTemplate = (profile: string): Fields => ({
  name: '',
  lifetime_minutes: usualLifetime,
  reauth: 'continue',
  methods: ['visit', 'email'],
  profile_id: profile,
  profiles: {},
  ask: { first_name: false, last_name: false },
  recognise_mac: false,
  mac_auth: false,
  grace_minutes: '10',
  sponsor_domains: '',
  sms_prefixes: '',
  rules: [],
  look: { title: {}, text: {}, footer: {}, accent: '' },
})

const isMethod = (name: string): name is Method => methods.some((m) => m === name)

export const fieldsOf = (x: Template): Fields => ({
  name: x.name,
  lifetime_minutes: x.lifetime_minutes,
  reauth: x.reauth,
  methods: x.methods.filter(isMethod),
  profile_id: x.profile_id,
  profiles: { ...x.profiles },
  ask: { ...x.ask },
  recognise_mac: x.recognise_mac,
  mac_auth: x.mac_auth,
  grace_minutes: x.grace_minutes ? String(x.grace_minutes) : '',
  sponsor_domains: x.sponsor_domains.join(', '),
  sms_prefixes: x.sms_prefixes.join(', '),
  rules: x.rules.map((r) => ({ ...r })),
  look: {
    title: { ...x.look.title },
    text: { ...x.look.text },
    footer: { ...x.look.footer },
    accent: x.look.accent ?? '',
  },
})

/** Things that are parted by commas, blanks or lines. */
export const listed = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean)

const said = (texts: Texts): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).flatMap(([l, text]) => (text?.trim() ? [[l, text.trim()]] : [])))

export const request = (f: Fields) => ({
  name: f.name.trim(),
  lifetime_minutes: f.lifetime_minutes,
  reauth: f.reauth,
  methods: f.methods,
  profile_id: f.profile_id,
  profiles: Object.fromEntries(
    Object.entries(f.profiles).filter(([m, id]) => id && id !== f.profile_id && f.methods.includes(m as Method)),
  ) as Record<string, string>,
  ask: f.ask as Record<string, boolean>,
  recognise_mac: f.recognise_mac,
  mac_auth: f.recognise_mac && f.mac_auth,
  grace_minutes: f.methods.includes('email') ? Number(f.grace_minutes.trim() || 0) : 0,
  sponsor_domains: listed(f.sponsor_domains).map((d) => d.toLowerCase().replace(/^@/, '')),
  sms_prefixes: listed(f.sms_prefixes),
  rules: f.rules.map((r) => ({ ...r, text: r.allow ? undefined : said(r.text ?? {}) })),
  look: { title: said(f.look.title), text: said(f.look.text), footer: said(f.look.footer), accent: f.look.accent || undefined },
})

/** Moves a method up the list that guests see. */
export function moved(methods: readonly Method[], method: Method, by: -1 | 1): Method[] {
  const at = methods.indexOf(method)
  const to = at + by
  if (at < 0 || to < 0 || to >= methods.length) return [...methods]
  const found = methods.filter((m) => m !== method)
  found.splice(to, 0, method)
  return found
}

/** The profiles that accounts made here can have. */
export const profilesOf = (f: Pick<Fields, 'profile_id' | 'profiles' | 'methods'>): Set<string> =>
  new Set([f.profile_id, ...f.methods.flatMap((m) => f.profiles[m] || [])])

/** The first profile whose accounts a lifetime would outlast. */
export const tooShort = (f: Fields, profiles: readonly Profile[]): Profile | undefined =>
  profiles.find((p) => profilesOf(f).has(p.id) && nominalMinutes(p.validity) < f.lifetime_minutes)

/** What is wrong with it, as far as can be said without asking. */
export function templateFaults(f: Fields, profiles: readonly Profile[], t: Say): Faults {
  const short = tooShort(f, profiles)
  const within = Number.isInteger(f.lifetime_minutes) && f.lifetime_minutes >= lifetimes.least && f.lifetime_minutes <= lifetimes.most
  const grace = f.grace_minutes.trim()
  return {
    name: f.name.trim() ? undefined : t('web.guests.fault.name'),
    lifetime_minutes: !within
      ? t('web.guests.fault.lifetime')
      : short && t('web.guests.fault.outlasts', { profile: short.name }),
    profile_id: f.profile_id ? undefined : t('web.guests.fault.profile'),
    methods: f.methods.length > 0 ? undefined : t('web.guests.fault.methods'),
    ask: !f.methods.includes('form') || f.ask.email || f.ask.phone ? undefined : t('web.guests.fault.ask'),
    grace_minutes: /^\d*$/.test(grace) && Number(grace) <= 30 ? undefined : t('web.guests.fault.range', { least: 0, most: 30 }),
    sponsor_domains: domainsFault(f, t),
    sms_prefixes: listed(f.sms_prefixes).every((p) => /^\+\d{1,6}$/.test(p)) ? undefined : t('web.guests.fault.prefix'),
    'look.accent': !f.look.accent || /^#[0-9a-f]{6}$/i.test(f.look.accent) ? undefined : t('web.guests.fault.accent'),
  }
}

function domainsFault(f: Fields, t: Say): string | undefined {
  const domains = listed(f.sponsor_domains)
  if (f.methods.includes('sponsor') && domains.length === 0) return t('web.guests.fault.sponsor')
  return domains.every((d) => isEmail(`x@${d.replace(/^@/, '')}`)) ? undefined : t('web.guests.fault.domain')
}
