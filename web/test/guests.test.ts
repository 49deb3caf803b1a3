import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { accountFaults, blankAccount, change, creation, endField, endOfField, fieldsOf } from '../src/guests/account.ts'
import { accountColumns, sampleFile } from '../src/guests/accountsheet.ts'
import { explained, factsOf } from '../src/guests/decision.ts'
import { namesOf, portalFaults, request as portalRequest, blankPortal } from '../src/guests/portal.ts'
import { blankProfile, profileFaults, validityOf } from '../src/guests/profile.ts'
import { allDay, minutesOf, timeOf, weekdayName } from '../src/guests/rule.ts'
import { accountName, isPrivate, macOf } from '../src/guests/states.ts'
import { blankTemplate, listed, moved, request, templateFaults, tooShort } from '../src/guests/template.ts'
import { endOf, exampleStart, lastOf, momentOf, nominalMinutes } from '../src/guests/validity.ts'
import { sayer } from '../src/text/text.ts'

const words = (language: string) =>
  sayer(JSON.parse(readFileSync(join(import.meta.dirname, `../../internal/catalogue/${language}/guests.json`), 'utf8')))
const t = words('en')
const berlin = 'Europe/Berlin'
const monday = Date.parse('2024-06-03T06:00:00Z') // 08:00 in Paris and Berlin

describe('validity', () => {
  test('five days from Monday on end with Friday', () => {
    const end = endOf({ kind: 'days', value: 5 }, monday, 'Europe/Paris')
    expect(end).toBe('2024-06-07T22:00:00.000Z')
    expect(lastOf(end ?? '', monday, 'Europe/Paris', 'en')).toBe('Fri 7 Jun')
  })
  test('a day may have 23 or 25 hours', () => {
    expect(endOf({ kind: 'days', value: 1 }, Date.parse('2026-03-29T00:00:00Z'), berlin)).toBe('2026-03-29T22:00:00.000Z')
    expect(endOf({ kind: 'days', value: 1 }, Date.parse('2026-10-25T00:00:00Z'), berlin)).toBe('2026-10-25T23:00:00.000Z')
    expect(endOf({ kind: 'hours', value: 24 }, Date.parse('2026-10-24T22:00:00Z'), berlin)).toBe('2026-10-25T22:00:00.000Z')
  })
  test('an end that is no midnight is said by its last second', () => {
    expect(lastOf('2024-06-03T12:00:00Z', monday, berlin, 'en')).toBe('13:59:59')
    expect(lastOf('2024-06-04T12:00:00Z', monday, berlin, 'en')).toBe('Tue 4 Jun, 13:59:59')
    expect(lastOf('2025-01-01T23:00:00Z', monday, berlin, 'en')).toBe('Wed, 1 Jan 2025')
    expect(momentOf('2024-06-04T12:00:00Z', monday, berlin, 'en')).toBe('Tue 4 Jun, 14:00')
  })
  test('what is no validity has no end', () => {
    expect(endOf({ kind: 'hours', value: Number.NaN }, monday, berlin)).toBe(null)
    expect(endOf({ kind: 'days', value: 1e12 }, monday, berlin)).toBe(null)
    expect(endOf({ kind: 'until' }, monday, berlin)).toBe(null)
  })
  test('examples begin at two in the afternoon of the place', () => {
    expect(new Date(exampleStart(monday, 'Asia/Tokyo')).toISOString()).toBe('2024-06-03T05:00:00.000Z')
  })
  test('nothing is held against an instant', () => {
    expect(nominalMinutes({ kind: 'days', value: 2 })).toBe(2880)
    expect(nominalMinutes({ kind: 'until', until: '2026-01-01T00:00:00Z' })).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('an account', () => {
  const account = {
    login: 'a@example.org', visitor: { first_name: 'Ada' }, profile_id: 'p',
    starts_at: '2024-06-03T06:00:00Z', ends_at: '2024-06-07T22:00:00Z', ends_set: false,
  } as never
  test('the last minute of a day is all of it, there and back', () => {
    expect(endField('2024-06-07T22:00:00Z', berlin)).toBe('2024-06-07T23:59')
    expect(endOfField('2024-06-07T23:59', berlin)).toBe('2024-06-07T22:00:00.000Z')
    expect(endOfField('2024-06-07T18:00', berlin)).toBe('2024-06-07T16:00:00.000Z')
    expect(endOfField('', berlin)).toBe(null)
  })
  test('an end nobody touched stays the profile’s', () => {
    const before = fieldsOf(account, berlin)
    expect(change({ ...before, first_name: 'Grace' }, before, berlin)).toEqual({ visitor: { first_name: 'Grace' } })
    expect(change({ ...before, own_end: true, ends_at: '2024-06-06T23:59' }, before, berlin)).toEqual({
      ends_at: '2024-06-06T22:00:00.000Z',
    })
    const own = { ...before, own_end: true }
    expect(change({ ...own, own_end: false }, own, berlin)).toEqual({ end_by_profile: true })
  })
  test('a new one begins now and ends by its profile', () => {
    const made = creation({ ...blankAccount('p'), login: ' a@example.org ' }, 's', berlin)
    expect(made).toMatchObject({ site_id: 's', login: 'a@example.org', profile_id: 'p', password: true })
    expect([made.starts_at, made.ends_at]).toEqual([undefined, undefined])
  })
  test('an end comes after the beginning', () => {
    const f = { ...blankAccount('p'), own_end: true, ends_at: '2024-06-03T07:00' }
    expect(accountFaults(f, berlin, monday, t).ends_at).toBe('The end is not after the beginning.')
    expect(accountFaults({ ...f, ends_at: '2024-06-03T09:00' }, berlin, monday, t).ends_at).toBe(undefined)
    expect(accountFaults(blankAccount(''), berlin, monday, t).profile_id).toBeTruthy()
  })
  test('who has no name is called by the login', () => {
    expect(accountName(account)).toBe('Ada')
    expect(accountName({ visitor: {}, login: 'room-12' })).toBe('room-12')
  })
  test('the sample file has a cell for each column', () => {
    for (const line of sampleFile.trim().split('\r\n')) expect(line.split(',').length).toBe(accountColumns.length)
  })
  test('a made-up address is one by its second digit', () => {
    expect(['02:aa:00:00:00:71', 'DA:aa:00:00:00:71', 'f4:5c:89:01:02:03', '', undefined].map(isPrivate)).toEqual([true, true, false, false, false])
  })
  test('an address is looked for when it is whole, however spelt', () => {
    for (const typed of ['02:AA:00:00:00:71', '02-aa-00-00-00-71', ' 02aa.0000.0071', '02aa00000071']) {
      expect(macOf(typed)).toBe('02aa00000071')
    }
    for (const typed of ['', '02:aa', '02:aa:00:00:00:7g', 'robert']) expect(macOf(typed)).toBe(undefined)
  })
})

describe('a profile', () => {
  test('is checked as the server does', () => {
    const f = { ...blankProfile, name: 'Week', days: '5' }
    expect(validityOf(f, berlin)).toEqual({ kind: 'days', value: 5 })
    expect(Object.values(profileFaults(f, berlin, t)).filter(Boolean)).toEqual([])
    expect(profileFaults({ ...f, days: '0' }, berlin, t)['validity.value']).toBeTruthy()
    expect(profileFaults({ ...f, kind: 'until' }, berlin, t)['validity.until']).toBeTruthy()
    expect(profileFaults({ ...f, devices: '1001' }, berlin, t).devices).toBeTruthy()
    expect(profileFaults({ ...f, name: ' ' }, berlin, t).name).toBeTruthy()
  })
})

describe('a template', () => {
  const day = { id: 'day', name: 'Day', validity: { kind: 'hours', value: 24 } } as never
  const week = { id: 'week', name: 'Week', validity: { kind: 'days', value: 7 } } as never
  const good = { ...blankTemplate('week'), name: 'Lobby' }
  test('its logins do not outlast accounts, also those of a method', () => {
    expect(tooShort({ ...good, lifetime_minutes: 2 * 1440 }, [day, week])).toBe(undefined)
    const f = { ...good, lifetime_minutes: 2 * 1440, profiles: { email: 'day' } }
    expect(templateFaults(f, [day, week], t).lifetime_minutes).toContain('“Day”')
    expect(tooShort({ ...f, methods: ['visit'] }, [day, week])).toBe(undefined)
  })
  test('is checked as the server does', () => {
    expect(Object.values(templateFaults(good, [week], t)).filter(Boolean)).toEqual([])
    expect(templateFaults({ ...good, lifetime_minutes: 4 }, [week], t).lifetime_minutes).toBeTruthy()
    expect(templateFaults({ ...good, methods: [] }, [week], t).methods).toBeTruthy()
    expect(templateFaults({ ...good, methods: ['form'] }, [week], t).ask).toBeTruthy()
    expect(templateFaults({ ...good, methods: ['form'], ask: { phone: true } }, [week], t).ask).toBe(undefined)
    expect(templateFaults({ ...good, methods: ['sponsor'] }, [week], t).sponsor_domains).toBeTruthy()
    expect(templateFaults({ ...good, sms_prefixes: '49' }, [week], t).sms_prefixes).toBeTruthy()
    expect(templateFaults({ ...good, look: { ...good.look, accent: 'red' } }, [week], t)['look.accent']).toBeTruthy()
  })
  test('says only what it has', () => {
    const body = request({
      ...good,
      profiles: { email: 'day', sms: 'day', visit: 'week' },
      sponsor_domains: '@Example.org, house.example',
      mac_auth: true,
      look: { ...good.look, title: { en: ' Hello ', de: '' } },
      rules: [{ allow: true, text: { en: 'x' } }],
    })
    expect(body).toMatchObject({ profiles: { email: 'day' }, sponsor_domains: ['example.org', 'house.example'], mac_auth: false })
    expect(body.look).toEqual({ title: { en: 'Hello' }, text: {}, footer: {}, accent: undefined })
    expect(body.rules[0]?.text).toBe(undefined)
  })
  test('methods move up and down, not out', () => {
    expect(moved(['visit', 'email', 'sms'], 'sms', -1)).toEqual(['visit', 'sms', 'email'])
    expect(moved(['visit', 'email'], 'visit', -1)).toEqual(['visit', 'email'])
    expect(moved(['visit', 'email'], 'email', 1)).toEqual(['visit', 'email'])
  })
  test('lists are typed as people do', () => expect(listed('+49, +43;\n+41')).toEqual(['+49', '+43', '+41']))
})

describe('an access rule', () => {
  test('has times of a day', () => {
    expect([timeOf(0), timeOf(1439), timeOf(1440)]).toEqual(['00:00', '23:59', '00:00'])
    expect([minutesOf('00:00', false), minutesOf('00:00', true), minutesOf('', true)]).toEqual([0, 1440, undefined])
    expect([allDay({ allow: true }), allDay({ allow: true, from: 0, to: 1440 })]).toEqual([true, false])
  })
  test('counts days from Sunday', () => expect([weekdayName(0, 'en'), weekdayName(1, 'de')]).toEqual(['Sun', 'Mo']))
})

describe('a portal', () => {
  const unifi = { needs: ['controller', 'key'], caps: { radius: false } } as never
  const f = { ...blankPortal('t'), name: 'Lobby', vendor: 'unifi', controller: 'https://10.0.0.2:8443', key: 'k' }
  test('asks for what its vendor needs', () => {
    expect(Object.values(portalFaults(f, unifi, undefined, t)).filter(Boolean)).toEqual([])
    expect(portalFaults({ ...f, key: '' }, unifi, undefined, t)['settings.key']).toBeTruthy()
    expect(portalFaults({ ...f, key: '' }, unifi, { vendor: 'unifi', has_key: true } as never, t)['settings.key']).toBe(undefined)
    expect(portalFaults({ ...f, controller: 'http://x' }, unifi, undefined, t)['settings.controller']).toBeTruthy()
    const levels = { needs: ['level', 'secret'] } as never
    expect(portalFaults({ ...f, level: '2', secret: 's' }, levels, undefined, t)['settings.hosts']).toBeTruthy()
    expect(portalFaults({ ...f, level: '3', secret: 's' }, levels, undefined, t)['settings.hosts']).toBe(undefined)
  })
  test('sends a secret only where one was typed', () => {
    expect(portalRequest({ ...f, key: '', nas_id: 'n' }, unifi)).not.toHaveProperty('key')
    expect(portalRequest({ ...f, nas_id: 'n' }, unifi)).toMatchObject({ key: 'k', nas_id: '' })
  })
  test('reads what a device calls its parameters', () => {
    expect(namesOf('client_mac = mac\n\nuser=login')).toEqual({ client_mac: 'mac', user: 'login' })
    expect(namesOf('client_mac')).toBe(null)
  })
})

describe('a decision', () => {
  test('is told in words, and one of a later version as it is', () => {
    expect(explained({ page: 'denied', rule: 'blocked' }, t)).toEqual({ what: 'Not let in.', why: 'The account was blocked.' })
    expect(explained({ page: 'moon', rule: 'tide' }, t)).toEqual({ what: 'moon', why: 'tide' })
  })
  test('all that decides has words in both languages', () => {
    const go = readFileSync(join(import.meta.dirname, '../../internal/identity/decide.go'), 'utf8')
    const named = (what: string) => [...go.matchAll(new RegExp(`${what}\\w+ +${what} = "(\\w+)"`, 'g'))].map((m) => m[1] ?? '')
    expect(named('Rule').length).toBeGreaterThan(10)
    for (const say of [t, words('de')]) {
      for (const rule of named('Rule')) expect(say.known(`web.guests.because.${rule}`, ''), rule).not.toBe('')
      for (const page of named('Page')) expect(say.known(`web.guests.shown.${page}`, ''), page).not.toBe('')
    }
  })
  test('what it was decided from', () => {
    const facts = { now: '2024-06-03T06:00:00Z', lifecycle: 'active', recognised_by: 'cookie', devices: 2, expires_at: '2024-06-03T06:00:00Z', other: 'x' }
    expect(factsOf({ facts }, t, () => 'then')).toEqual([
      ['State of the account', 'Active'],
      ['Recognised by', 'by its browser'],
      ['Devices online', '2'],
      ['Authentication good until', 'then'],
      ['other', 'x'],
    ])
  })
})
