import { expect, test } from 'vitest'
import type { NAS, Refused } from '../src/api/types.ts'
import { driverOf, drivers } from '../src/network/drivers.ts'
import { blankNAS, change, creation, type Fields, fieldsOf, isNetwork, makeSecret, nasFaults } from '../src/network/nas.ts'
import { grouped, sinceOf } from '../src/network/refused.ts'
import { currentStep, type Facts, isDone, type Step } from '../src/setup/steps.ts'
import { sayer } from '../src/text/text.ts'

const t = sayer({})
const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 10, minute)).toISOString()

const refusal = (minute: number, more: Partial<Refused> = {}): Refused => ({
  id: String(minute),
  reason: 'wrong_password',
  nas_id: 'nas-1',
  nas_name: 'Lobby',
  username: 'v-abc',
  count: 1,
  at: at(minute),
  ...more,
})

test('refusals of one cause are one line', () => {
  const groups = grouped([
    refusal(1, { mac: '02:00:00:00:00:01', count: 3 }),
    refusal(5, { mac: '02:00:00:00:00:02' }),
    refusal(3, { mac: '02:00:00:00:00:01', visit_id: 'visit-1' }),
    refusal(4, { reason: 'expired' }),
    refusal(2, { nas_id: 'nas-2', nas_name: 'Hall' }),
  ])
  expect(groups.map((g) => [g.reason, g.nas, g.times])).toEqual([
    ['wrong_password', 'Lobby', 5],
    ['expired', 'Lobby', 1],
    ['wrong_password', 'Hall', 1],
  ])
  expect(groups[0]).toMatchObject({ first: at(1), last: at(5), visitID: 'visit-1' })
  expect(groups[0]?.macs).toEqual(['02:00:00:00:00:02', '02:00:00:00:00:01'])
})

test('a range begins at a whole minute, so that asking again asks the same', () => {
  const now = Date.parse(at(30)) + 12_345
  expect(sinceOf('hour', now)).toBe(at(-30))
  expect(sinceOf('hour', now + 30_000)).toBe(at(-30))
  expect(sinceOf('all', now)).toBeUndefined()
})

const nas: NAS = {
  id: 'n',
  site_id: 's',
  name: 'Lobby',
  source: '10.1.0.0/24',
  message_authenticator: 'auto',
  driver: 'radius',
  coa_port: 1700,
  session_seconds: 900,
  interim_seconds: 300,
  created_at: at(0),
  updated_at: at(0),
}

test('a form shows what is, never the secret, and sends what it shows', () => {
  const fields = fieldsOf(nas)
  expect(fields.secret).toBe('')
  expect(change(fields)).not.toHaveProperty('secret')
  expect(change(fields)).toMatchObject({ max_session_seconds: -1, coa_port: 1700, message_authenticator: 'auto' })
  expect(change({ ...fields, secret: 'another secret', max_session_seconds: '0' })).toMatchObject({
    secret: 'another secret',
    max_session_seconds: 0,
  })
  const made = creation({ ...blankNAS, name: ' Hall ', source: '10.2.0.1', secret: 'a secret of it' })
  expect(made).toMatchObject({ name: 'Hall', secret: 'a secret of it', driver: 'radius' })
  expect(made).not.toHaveProperty('max_session_seconds')
})

test('faults of an access point', () => {
  const good: Fields = { ...blankNAS, name: 'Hall', source: '10.2.0.1', secret: 'a secret of it' }
  const wrong = (f: Partial<Fields>, made = false) =>
    Object.entries(nasFaults({ ...good, ...f }, made, t)).flatMap(([name, fault]) => (fault ? [name] : []))
  expect(wrong({})).toEqual([])
  expect(wrong({ name: ' ', source: '', secret: '' })).toEqual(['name', 'source', 'secret'])
  expect(wrong({ secret: '' }, true)).toEqual([])
  expect(wrong({ secret: 'short' }, true)).toEqual(['secret'])
  expect(wrong({ coa_port: '0' })).toEqual(['coa_port'])
  expect(wrong({ coa_port: '99999' })).toEqual(['coa_port'])
  expect(wrong({ max_session_seconds: '0' })).toEqual([])
  expect(wrong({ max_session_seconds: '59' })).toEqual(['max_session_seconds'])
  expect(wrong({ interim_seconds: '1.5' })).toEqual(['interim_seconds'])
})

test('what looks like an address or a network', () => {
  for (const good of ['10.1.0.0/24', '10.1.0.1', '::1', 'fd00::/8', '::ffff:10.0.0.1']) expect(isNetwork(good)).toBe(true)
  for (const bad of ['', 'lobby', '10.1.0', '10.1.0.300', '10.1.0.0/', '10.1.0.0/24 ']) expect(isNetwork(bad)).toBe(false)
})

test('a made secret is long, and of letters that can be typed', () => {
  expect(makeSecret()).toMatch(/^[a-km-zA-HJ-NP-Z2-9]{24}$/)
  expect(makeSecret()).not.toBe(makeSecret())
  const octets = [255, 240, 224, 223, 0, 56]
  let next = 0
  const scripted = (n: number) => Uint8Array.from({ length: n }, () => octets[next++ % octets.length] ?? 0)
  expect(makeSecret(scripted)).toBe('9aa'.repeat(8))
})

test('a driver is data: every setting is a field of the form', () => {
  for (const d of drivers) for (const s of d.settings) expect(blankNAS).toHaveProperty(s.name)
  expect(driverOf('radius')).toBeDefined()
  expect(driverOf('of a newer server')).toBeUndefined()
})

const nothing: Facts = { site: undefined, agents: [], nases: [], accepted: false }
const network = { ssid: 'Guests', kind: 'open_portal' } as const
const site = { networks: [network] }

test('how far the setup is, is what exists', () => {
  const none: ReadonlySet<Step> = new Set()
  const at = (f: Partial<Facts>, skipped: ReadonlySet<Step> = none, held: Step | null = null) =>
    currentStep({ ...nothing, ...f }, skipped, held)
  expect(at({})).toBe('site')
  expect(at({}, new Set(['site']))).toBe('site')
  expect(at({ site: { networks: [] } })).toBe('network')
  expect(at({ site })).toBe('agent')
  expect(at({ site, agents: [{ state: 'new' }, { state: 'offline' }] })).toBe('agent')
  const agents = [{ state: 'connected' }] as const
  expect(at({ site, agents })).toBe('nas')
  expect(at({ site, agents, nases: [{}] })).toBe('login')
  expect(at({ site, agents, nases: [{}] }, none, 'nas')).toBe('nas')
  expect(at({ site, agents, nases: [{}], accepted: true })).toBeNull()
  expect(at({ site, agents, nases: [{ accounting_seen_at: '2026-11-24T10:00:00Z' }] })).toBeNull()
  expect(at({ site }, new Set<Step>(['agent', 'nas', 'login']))).toBeNull()
  expect(isDone('agent', { ...nothing, agents: [{ state: 'suspect' }] })).toBe(false)
})
