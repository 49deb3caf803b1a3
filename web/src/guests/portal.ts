import type { Faults } from '../settings/kit/useForm.ts'
import type { Say } from '../text/text.ts'
import type { Portal, Vendor } from './queries.ts'
import { listed } from './template.ts'

/** What somebody says of a portal. */
export type Fields = {
  name: string
  vendor: string
  template_id: string
  nas_id: string
  zone_id: string
  hosts: string
  /** Of lines such as "user = login". */
  names: string
  controller: string
  fingerprint: string
  site: string
  level: string
  secret: string
  key: string
}

export const blankPortal = (template: string): Fields => ({
  name: '',
  vendor: '',
  template_id: template,
  nas_id: '',
  zone_id: '',
  hosts: '',
  names: '',
  controller: '',
  fingerprint: '',
  site: '',
  level: '3',
  secret: '',
  key: '',
})

export const fieldsOf = (p: Portal): Fields => ({
  ...blankPortal(p.template_id),
  name: p.name,
  vendor: p.vendor,
  nas_id: p.nas_id ?? '',
  zone_id: p.zone_id ?? '',
  hosts: (p.settings.hosts ?? []).join('\n'),
  names: Object.entries(p.settings.names ?? {})
    .map(([name, theirs]) => `${name} = ${theirs}`)
    .join('\n'),
  controller: p.settings.controller ?? '',
  fingerprint: p.settings.fingerprint ?? '',
  site: p.settings.site ?? '',
  level: p.settings.level ? String(p.settings.level) : '3',
})

/** Lines of what a device calls a parameter; null where one is no such line. */
export function namesOf(text: string): Record<string, string> | null {
  const found: Record<string, string> = {}
  for (const line of text.split('\n').filter((l) => l.trim())) {
    const [, ours, theirs] = /^\s*([^=\s]+)\s*=\s*(\S.*?)\s*$/.exec(line) ?? []
    if (!ours || !theirs) return null
    found[ours] = theirs
  }
  return found
}

const given = (text: string) => text.trim() || undefined

/** What vendors use the controller's address, with its certificate. */
export const hasController = (v: Pick<Vendor, 'needs'> | undefined) => v?.needs.includes('controller') ?? false

export const request = (f: Fields, vendor: Pick<Vendor, 'needs' | 'caps'> | undefined) => ({
  name: f.name.trim(),
  vendor: f.vendor,
  template_id: f.template_id,
  nas_id: vendor?.caps.radius ? f.nas_id : '',
  zone_id: f.zone_id,
  settings: {
    hosts: listed(f.hosts),
    names: namesOf(f.names) ?? {},
    controller: given(f.controller),
    fingerprint: given(f.fingerprint),
    site: given(f.site),
    level: vendor?.needs.includes('level') ? Number(f.level) : undefined,
  },
  ...(f.secret && { secret: f.secret }),
  ...(f.key && { key: f.key }),
})

/** What is wrong with it, as far as can be said without asking. */
export function portalFaults(f: Fields, vendor: Pick<Vendor, 'needs'> | undefined, portal: Portal | undefined, t: Say): Faults {
  const needs = (what: string) => vendor?.needs.includes(what) ?? false
  const missing = (what: string, given: boolean) => (needs(what) && !given ? t('web.guests.fault.needed') : undefined)
  const kept = portal?.vendor === f.vendor
  const controller = f.controller.trim()
  return {
    name: f.name.trim() ? undefined : t('web.guests.fault.name'),
    vendor: f.vendor ? undefined : t('web.guests.fault.vendor'),
    template_id: f.template_id ? undefined : t('web.guests.fault.template'),
    'settings.hosts': missing('hosts', listed(f.hosts).length > 0) ?? gatewayFault(f, needs('level'), t),
    'settings.site': missing('site', f.site.trim() !== ''),
    'settings.controller':
      controller && !/^https:\/\/[^\s/?#]+\/?$/i.test(controller)
        ? t('web.guests.fault.controller')
        : missing('controller', controller !== ''),
    'settings.secret': missing('secret', f.secret !== '' || (kept && Boolean(portal?.has_secret))),
    'settings.key': missing('key', f.key !== '' || (kept && Boolean(portal?.has_key))),
    'settings.names': namesOf(f.names) ? undefined : t('web.guests.fault.names'),
  }
}

/** At openNDS' levels 1 and 2 the browser goes to the gateway, so that has to be named. */
const gatewayFault = (f: Fields, levels: boolean, t: Say): string | undefined =>
  levels && Number(f.level) < 3 && listed(f.hosts).length === 0 ? t('web.guests.fault.needed') : undefined
