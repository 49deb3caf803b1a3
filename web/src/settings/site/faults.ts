import type { Say } from '../../text/text.ts'
import type { Faults } from '../kit/useForm.ts'

type Lengths = { default_stay_seconds: number; max_stay_seconds: number; termination_seconds: number }

/** What is wrong with a site, as far as can be said without asking. */
export function siteFaults(f: Lengths & { name: string; device_limit: number }, t: Say): Faults {
  const positive = (n: number) => (n > 0 ? undefined : t('web.settings.fault.number'))
  const found: Faults = {
    name: f.name.trim() ? undefined : t('web.settings.fault.name'),
    default_stay_seconds: positive(f.default_stay_seconds),
    max_stay_seconds: positive(f.max_stay_seconds),
    termination_seconds: positive(f.termination_seconds),
    device_limit: f.device_limit >= 0 && Number.isInteger(f.device_limit) ? undefined : t('web.settings.fault.number'),
  }
  if (f.default_stay_seconds > f.max_stay_seconds) found.default_stay_seconds ??= t('web.site.fault.stay')
  return found
}

type Net = { ssid: string; kind: string; psk?: string; portal_url?: string }

/** What is wrong with a site's networks, by their places. A passphrase that is not typed is the one there was. */
export function networkFaults(list: Net[], had: Net[], t: Say): Faults {
  const found: Faults = {}
  list.forEach((n, i) => {
    const at = `networks[${i}]`
    const octets = new TextEncoder().encode(n.ssid).length
    if (octets < 1 || octets > 32) found[`${at}.ssid`] = t('web.site.fault.ssid')
    else if (list.findIndex((other) => other.ssid === n.ssid) < i) found[`${at}.ssid`] = t('web.site.fault.twice')
    const kept = had.some((h) => h.ssid === n.ssid && h.kind === 'wpa_psk')
    const length = n.psk?.length ?? 0
    if (n.kind === 'wpa_psk' && !(length === 0 && kept) && (length < 8 || length > 63)) {
      found[`${at}.psk`] = t('web.site.fault.psk')
    }
  })
  return found
}
