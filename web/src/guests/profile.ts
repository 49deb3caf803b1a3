import type { Faults } from '../settings/kit/useForm.ts'
import type { Say } from '../text/text.ts'
import { fromField } from '../time.ts'
import { endField, endOfField } from './account.ts'
import type { Profile, Validity } from './queries.ts'

export const kinds = ['hours', 'days', 'until'] as const

/** What somebody says of a profile. */
export type Fields = {
  name: string
  kind: Validity['kind']
  hours: string
  days: string
  /** Of a datetime-local field. */
  until: string
  /** Empty: no limit. */
  devices: string
}

export const blankProfile: Fields = { name: '', kind: 'days', hours: '24', days: '1', until: '', devices: '' }

export const fieldsOf = (p: Profile, zone: string): Fields => ({
  ...blankProfile,
  name: p.name,
  kind: p.validity.kind,
  devices: p.devices ? String(p.devices) : '',
  ...(p.validity.kind === 'until' && p.validity.until
    ? { until: endField(p.validity.until, zone) }
    : { [p.validity.kind]: String(p.validity.value ?? '') }),
})

export function validityOf(f: Fields, zone: string): Validity {
  if (f.kind === 'until') return { kind: 'until', until: endOfField(f.until, zone) ?? undefined }
  return { kind: f.kind, value: Number(f[f.kind]) }
}

export const request = (f: Fields, zone: string) => ({
  name: f.name.trim(),
  validity: validityOf(f, zone),
  devices: Number(f.devices.trim() || 0),
})

const most = { days: 1830, hours: 1830 * 24 }
const whole = (text: string, least: number, largest: number) =>
  /^\d+$/.test(text.trim()) && Number(text) >= least && Number(text) <= largest

/** What is wrong with it, as far as can be said without asking. */
export function profileFaults(f: Fields, zone: string, t: Say): Faults {
  const value =
    f.kind === 'until' || whole(f[f.kind], 1, most[f.kind]) ? undefined : t('web.guests.fault.range', { least: 1, most: most[f.kind] })
  return {
    name: f.name.trim() ? undefined : t('web.guests.fault.name'),
    'validity.value': value,
    'validity.until': f.kind !== 'until' || fromField(f.until, zone) ? undefined : t('web.fault.time'),
    devices: !f.devices.trim() || whole(f.devices, 0, 1000) ? undefined : t('web.guests.fault.range', { least: 0, most: 1000 }),
  }
}
