import type { Faults } from '../settings/kit/useForm.ts'
import type { Say } from '../text/text.ts'
import type { Way, Zone } from './queries.ts'
import { alphabetFault, type Bits, keyBitsOf, magicBits, usualAlphabet } from './series.ts'

export const loginKinds = ['last_login', 'first_login', 'multiple'] as const

/** Where a compatible zone's keys come from: those it has, a pair made here, or pasted ones. */
export type Keys = 'kept' | '32' | '64' | 'own'

/** What somebody says of a zone, by the names of the API. */
export type Fields = {
  name: string
  logins: Zone['logins']
  invalid_message: string
  expired_message: string
  login_url: string
  login_user_field: string
  login_password_field: string
  ways: Way[]
  keys: Keys
  private_key: string
  public_key: string
  roll_bits: string
  ticket_bits: string
  checksum_bits: string
  /** Empty: one that is drawn. */
  magic: string
  alphabet: string
}

export const blankZone: Fields = {
  name: '',
  logins: 'last_login',
  invalid_message: '',
  expired_message: '',
  login_url: '',
  login_user_field: '',
  login_password_field: '',
  ways: [],
  keys: '32',
  private_key: '',
  public_key: '',
  roll_bits: '16',
  ticket_bits: '10',
  checksum_bits: '5',
  magic: '',
  alphabet: usualAlphabet,
}

export const fieldsOf = (z: Zone): Fields => ({
  ...blankZone,
  name: z.name,
  logins: z.logins,
  invalid_message: z.invalid_message,
  expired_message: z.expired_message,
  login_url: z.login_url,
  login_user_field: z.login_user_field,
  login_password_field: z.login_password_field,
  ways: z.ways,
  ...(z.series && {
    keys: 'kept',
    roll_bits: String(z.series.roll_bits),
    ticket_bits: String(z.series.ticket_bits),
    checksum_bits: String(z.series.checksum_bits),
    magic: z.series.magic,
    alphabet: z.series.alphabet,
  }),
})

export const bitsOf = (f: Fields): Bits => ({
  roll: Number(f.roll_bits),
  ticket: Number(f.ticket_bits),
  checksum: Number(f.checksum_bits),
})

/** The key's size, or null while that is not known. */
export function keyBits(f: Fields, zone?: Zone): number | null {
  switch (f.keys) {
    case 'kept':
      return zone?.series?.key_bits ?? null
    case 'own':
      return keyBitsOf(f.private_key) ?? keyBitsOf(f.public_key)
    default:
      return Number(f.keys)
  }
}

const texts = (f: Fields) => ({
  name: f.name.trim(),
  logins: f.logins,
  invalid_message: f.invalid_message.trim(),
  expired_message: f.expired_message.trim(),
  login_url: f.login_url.trim(),
  ways: f.ways.map(({ nas_id, ssid }) => (ssid ? { nas_id, ssid } : { nas_id })),
})

/** A pair that the server made and we hold until it is saved. */
export type Pair = { pair: string; magic: string }

function seriesOf(f: Fields, pair: Pair | null) {
  const own = f.keys === 'own'
  const made = f.keys === '32' || f.keys === '64'
  const magic = f.magic.trim() || (made && pair?.magic) || undefined
  return {
    ...(made && { pair: pair?.pair }),
    ...(own && f.private_key.trim() && { private_key: f.private_key }),
    ...(own && f.public_key.trim() && { public_key: f.public_key }),
    roll_bits: Number(f.roll_bits),
    ticket_bits: Number(f.ticket_bits),
    checksum_bits: Number(f.checksum_bits),
    ...(magic && { magic }),
    alphabet: f.alphabet,
  }
}

const given = (text: string) => text.trim() || undefined

export const creation = (f: Fields, kind: Zone['kind'], pair: Pair | null) => ({
  ...texts(f),
  invalid_message: given(f.invalid_message),
  expired_message: given(f.expired_message),
  login_user_field: given(f.login_user_field),
  login_password_field: given(f.login_password_field),
  kind,
  ...(kind === 'compatible' && { series: seriesOf(f, pair) }),
})

const made = ['keys', 'private_key', 'public_key', 'roll_bits', 'ticket_bits', 'checksum_bits', 'magic', 'alphabet'] as const

/** Whether the codes would be made of something else than they are. */
export const changesCodes = (f: Fields, before: Fields): boolean => made.some((name) => f[name] !== before[name])

export const change = (f: Fields, before: Fields, pair: Pair | null) => ({
  ...texts(f),
  login_user_field: given(f.login_user_field),
  login_password_field: given(f.login_password_field),
  ...(changesCodes(f, before) && { series: seriesOf(f, pair) }),
})

const octets = (text: string) => new TextEncoder().encode(text).length
const within = (text: string, least: number, most: number) =>
  /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most
const largestMagic = 2n ** 64n - 1n

/** What is wrong with it, as far as can be said without asking. */
export function zoneFaults(f: Fields, kind: Zone['kind'], zone: Zone | undefined, t: Say): Faults {
  return {
    name: f.name.trim() ? undefined : t('web.zone.fault.name'),
    ways: waysFault(f.ways, t),
    login_url:
      !f.login_url.trim() || /^https?:\/\/[^\s?#]+$/i.test(f.login_url.trim()) ? undefined : t('web.zone.fault.url'),
    ...(kind === 'compatible' && seriesFaults(f, zone, t)),
  }
}

function waysFault(ways: readonly Way[], t: Say): string | undefined {
  const seen = new Set<string>()
  for (const w of ways) {
    if (!w.nas_id) return t('web.zone.fault.nas')
    if (octets(w.ssid ?? '') > 32) return t('web.zone.fault.ssid')
    const key = `${w.nas_id} ${w.ssid ?? ''}`
    if (seen.has(key)) return t('web.zone.fault.twice')
    seen.add(key)
  }
}

function seriesFaults(f: Fields, zone: Zone | undefined, t: Say): Faults {
  const fault = alphabetFault(f.alphabet)
  const size = keyBits(f, zone)
  const range = (text: string, least: number, most: number) =>
    within(text, least, most) ? undefined : t('web.zone.fault.bits', { least, most })
  const sums = size !== null && magicBits(size, bitsOf(f)) < 0 ? t('web.zone.fault.room', { room: size - 1 }) : undefined
  const magic = f.magic.trim()
  return {
    private_key: f.keys === 'own' && !f.private_key.trim() && !f.public_key.trim() ? t('web.zone.fault.keys') : undefined,
    roll_bits: range(f.roll_bits, 1, 31),
    ticket_bits: range(f.ticket_bits, 1, 16),
    checksum_bits: range(f.checksum_bits, 0, 31) ?? sums,
    magic: magic === '' || (/^\d{1,20}$/.test(magic) && BigInt(magic) <= largestMagic) ? undefined : t('web.zone.fault.magic'),
    alphabet: fault && t(`web.zone.fault.alphabet.${fault}`),
  }
}
