import type { NAS } from '../api/types.ts'
import type { Faults } from '../settings/kit/useForm.ts'
import type { Say } from '../text/text.ts'

export const policies = ['require', 'auto', 'allow_none'] as const

/** What somebody says of an access point; an empty secret is the one it has. */
export type Fields = {
  name: string
  source: string
  secret: string
  message_authenticator: NAS['message_authenticator']
  driver: string
  coa_address: string
  coa_port: string
  /** Empty: as experience with it says. */
  max_session_seconds: string
  interim_seconds: string
}

export const blankNAS: Fields = {
  name: '',
  source: '',
  secret: '',
  message_authenticator: 'require',
  driver: 'radius',
  coa_address: '',
  coa_port: '3799',
  max_session_seconds: '',
  interim_seconds: '300',
}

export const fieldsOf = (n: NAS): Fields => ({
  name: n.name,
  source: n.source,
  secret: '',
  message_authenticator: n.message_authenticator,
  driver: n.driver,
  coa_address: n.coa_address ?? '',
  coa_port: String(n.coa_port),
  max_session_seconds: n.max_session_seconds === undefined ? '' : String(n.max_session_seconds),
  interim_seconds: String(n.interim_seconds),
})

const common = (f: Fields) => ({
  name: f.name.trim(),
  source: f.source.trim(),
  message_authenticator: f.message_authenticator,
  coa_address: f.coa_address.trim(),
  coa_port: Number(f.coa_port),
  interim_seconds: Number(f.interim_seconds),
})

export const creation = (f: Fields) => ({
  ...common(f),
  secret: f.secret,
  driver: f.driver as 'radius',
  ...(f.max_session_seconds === '' ? {} : { max_session_seconds: Number(f.max_session_seconds) }),
})

export const change = (f: Fields) => ({
  ...common(f),
  ...(f.secret ? { secret: f.secret } : {}),
  max_session_seconds: f.max_session_seconds === '' ? -1 : Number(f.max_session_seconds),
})

const octets = (text: string) => new TextEncoder().encode(text).length
const whole = (text: string, least: number, most: number) =>
  /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most

/** Whether this looks like an address or a network; the server knows what is one. */
export function isNetwork(text: string): boolean {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(\/\d{1,2})?$/.exec(text)
  if (v4) return v4.slice(1, 5).every((n) => Number(n) < 256)
  return /^[0-9a-f:]*:[0-9a-f:.]*(\/\d{1,3})?$/i.test(text)
}

/** What is wrong with it, as far as can be said without asking. */
export function nasFaults(f: Fields, made: boolean, t: Say): Faults {
  const secret = octets(f.secret)
  const needed = !made || secret > 0
  return {
    name: f.name.trim() ? undefined : t('web.nas.fault.name'),
    source: isNetwork(f.source.trim()) ? undefined : t('web.nas.fault.source'),
    secret: needed && (secret < 8 || secret > 128) ? t('web.nas.fault.secret') : undefined,
    coa_port: whole(f.coa_port, 1, 65_535) ? undefined : t('web.nas.fault.port'),
    max_session_seconds:
      f.max_session_seconds === '' || f.max_session_seconds === '0' || whole(f.max_session_seconds, 60, 31_536_000)
        ? undefined
        : t('web.nas.fault.session'),
    interim_seconds: whole(f.interim_seconds, 60, 86_400) ? undefined : t('web.nas.fault.interim'),
  }
}

const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const secretLength = 24

/** A secret that can be typed at any access point: letters and digits that are not mistaken for one another. */
export function makeSecret(random: (n: number) => Uint8Array = draw): string {
  let secret = ''
  while (secret.length < secretLength) {
    // 224 is a multiple of 56: what is above would make some letters likelier.
    for (const b of random(secretLength)) if (b < 224 && secret.length < secretLength) secret += letters[b % 56]
  }
  return secret
}

const draw = (n: number) => crypto.getRandomValues(new Uint8Array(n))
