import { describe, expect, test } from 'vitest'
import { expiring, mailFailing, stuck } from '../src/frame/trouble.ts'
import { inBar, sectionsFor } from '../src/frame/sections.ts'
import { breakOf, rangeOf, subjects } from '../src/settings/audit/actions.ts'
import { inUnit, toSeconds, unitOf } from '../src/settings/kit/span.ts'
import { addresses } from '../src/settings/mail/addresses.ts'
import { permissionGroups } from '../src/settings/people/permissions.ts'
import { deleted } from '../src/settings/retention/deleted.ts'
import { networkFaults, siteFaults } from '../src/settings/site/faults.ts'
import { textsFrom } from '../src/settings/site/rules.ts'
import { sayer } from '../src/text/text.ts'
import { fromField } from '../src/time.ts'

const say = sayer({})

describe('sections', () => {
  const of = (...permissions: string[]) => sectionsFor((p) => permissions.includes(p))
  test('somebody sees what they have a use for', () => {
    expect(of('visits.read').map((s) => s.base)).toEqual(['board'])
    expect(of().length).toBe(0)
    const [settings] = of('audit.read')
    expect(settings?.parts.map((p) => p.label)).toEqual(['web.nav.audit'])
    expect(settings?.to).toBe('/sites/$site/settings/audit')
  })
  test('a phone has room for four', () => {
    const all = of('visits.read', 'evacuation.read', 'agents.read', 'sites.write')
    expect(inBar(all, true, false)).toEqual({ shown: all.slice(0, 2), rest: all.slice(2) })
    expect(inBar(all.slice(0, 3), true, false).rest).toEqual([])
    expect(inBar(all.slice(0, 3), true, true).rest.length).toBe(1)
    expect(inBar(all, false, false).rest).toEqual([])
  })
})

describe('what needs a person', () => {
  const mail = (state: string, attempts = 1) => ({ state, attempts }) as never
  test('mail fails when none of the last ones left', () => {
    expect(mailFailing([mail('failed'), mail('pending', 3), mail('skipped')])).toBe(true)
    expect(mailFailing([mail('failed')])).toBe(false)
    expect(mailFailing([mail('failed'), mail('delivered'), mail('failed')])).toBe(false)
    expect(mailFailing([mail('pending', 0), mail('pending', 1)])).toBe(false)
  })
  test('a certificate that is not renewed in time', () => {
    const now = Date.parse('2026-11-24T12:00:00Z')
    const enrolled_at = '2026-10-30T12:00:00Z'
    const agents = [
      { enrolled_at, certificate_not_after: '2026-11-29T11:59:00Z' },
      { enrolled_at, certificate_not_after: '2026-11-24T11:00:00Z' },
      { enrolled_at, certificate_not_after: '2026-11-29T12:00:00Z' },
      {},
    ]
    expect(expiring(agents, now)).toEqual(agents.slice(0, 2))
  })
  test('a termination may take a while', () => {
    const now = Date.parse('2026-11-24T12:00:00Z')
    const open = [
      { asked_at: '2026-11-24T11:55:00Z' },
      { asked_at: '2026-11-24T11:40:00Z' },
      { asked_at: '2026-11-24T11:59:00Z', failed_at: '2026-11-24T11:59:30Z' },
    ]
    expect(stuck(open, now)).toEqual(open.slice(1))
  })
})

test('a span is said in the unit that suits', () => {
  for (const [seconds, unit, n] of [
    [7200, 'hours', 2],
    [86_400, 'hours', 24],
    [259_200, 'days', 3],
    [5400, 'minutes', 90],
  ] as const) {
    expect(unitOf(seconds)).toBe(unit)
    expect(inUnit(seconds, unit)).toBe(n)
    expect(toSeconds(n, unit)).toBe(seconds)
  }
})

test('a site’s faults are found before asking', () => {
  const good = { name: 'x', default_stay_seconds: 3600, max_stay_seconds: 7200, termination_seconds: 60, device_limit: 0 }
  const wrong = (change: object) =>
    Object.entries(siteFaults({ ...good, ...change }, say)).flatMap(([name, fault]) => (fault ? [name] : []))
  expect(wrong({})).toEqual([])
  expect(wrong({ name: ' ' })).toEqual(['name'])
  expect(wrong({ default_stay_seconds: 9000 })).toEqual(['default_stay_seconds'])
  expect(wrong({ max_stay_seconds: Number.NaN })).toEqual(['max_stay_seconds'])
  expect(wrong({ device_limit: 1.5 })).toEqual(['device_limit'])
})

test('a passphrase that is not typed is the one there was', () => {
  const had = [{ ssid: 'Guests', kind: 'wpa_psk' }]
  const faults = (list: object[]) => Object.keys(networkFaults(list as typeof had, had, say))
  expect(faults([{ ssid: 'Guests', kind: 'wpa_psk' }])).toEqual([])
  expect(faults([{ ssid: 'Other', kind: 'wpa_psk' }])).toEqual(['networks[0].psk'])
  expect(faults([{ ssid: 'ü'.repeat(17), kind: 'wpa_eap' }])).toEqual(['networks[0].ssid'])
  expect(faults([...had, ...had])).toEqual(['networks[1].ssid'])
})

describe('audit', () => {
  test('days are those of the place, the last included', () => {
    const instant = (field: string) => fromField(field, 'Europe/Berlin')
    expect(rangeOf('2026-10-24', '2026-10-25', instant)).toEqual({
      from: '2026-10-23T22:00:00.000Z',
      to: '2026-10-25T23:00:00.000Z', // summer time ended
    })
    expect(rangeOf('', '', instant)).toEqual({ from: undefined, to: undefined })
  })
  test('the API takes twenty kinds at most', () => {
    for (const list of Object.values(subjects)) expect(list.length).toBeLessThanOrEqual(20)
  })
  test('a break is put in plain words', () => {
    expect(breakOf('missing: the next row says it is 4')).toBe('missing')
    expect(breakOf('altered: its hash does not fit its content')).toBe('altered')
    expect(breakOf('it does not follow the row before')).toBe('unlinked')
    expect(breakOf('something new')).toBe('other')
  })
})

test('permissions stand in groups, unknown ones too', () => {
  expect(permissionGroups(['users.read', 'visits.read', 'moon.walk'])).toEqual([
    ['visits', ['visits.read']],
    ['staff', ['users.read']],
    ['other', ['moon.walk']],
  ])
})

test('addresses are parted by whatever people part them with', () => {
  expect(addresses(' a@x.org,b@x.org;\nc@x.org ')).toEqual(['a@x.org', 'b@x.org', 'c@x.org'])
  expect(addresses(' ')).toEqual([])
})

test('empty rules are none', () => {
  expect(textsFrom({ en: ' Wear a badge. ', de: ' ' })).toEqual({ en: 'Wear a badge.' })
})

test('a purge’s proof says what it deleted', () => {
  expect(deleted({ visits: 3, people: 0, rewritten: 2, skipped: 'sessions' })).toEqual({
    classes: [['visits', 3]],
    skipped: 'sessions',
  })
})
