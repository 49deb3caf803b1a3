import { describe, expect, test } from 'vitest'
import { codesOf, expireAll, type Expired, linesOf } from '../src/rolls/batch.ts'
import type { Roll, Zone } from '../src/rolls/queries.ts'
import * as roll from '../src/rolls/roll.ts'
import { alphabetFault, codeLength, highest, keyBitsOf, magicBits, usualAlphabet } from '../src/rolls/series.ts'
import { countdown, parts } from '../src/rolls/terms.ts'
import * as zone from '../src/rolls/zone.ts'
import { sayer } from '../src/text/text.ts'

const say = sayer({})
const said = (list: ReturnType<typeof parts>) => list.map((p) => `${p.count} ${p.unit}`).join(' ')

describe('durations', () => {
  test('a time per code is said without what is nothing', () => {
    expect([60, 5400, 7200, 86_400, 90_061].map((s) => said(parts(s)))).toEqual([
      '1 minutes',
      '1 hours 30 minutes',
      '2 hours',
      '1 days',
      '1 days 1 hours 1 minutes 1 seconds',
    ])
    expect(said(parts(0))).toBe('0 minutes')
  })
  test('a countdown keeps its shape until the end', () => {
    expect([90_000, 86_400, 3_605, 3_599, 61, 9, 0, -5].map((s) => said(countdown(s)))).toEqual([
      '1 days 1 hours',
      '1 days 0 hours',
      '1 hours 0 minutes',
      '59 minutes 59 seconds',
      '1 minutes 1 seconds',
      '0 minutes 9 seconds',
      '0 minutes 0 seconds',
      '0 minutes 0 seconds',
    ])
  })
})

describe('compatible codes', () => {
  test('the longest code, as the server says it', () => {
    expect([codeLength(32, usualAlphabet), codeLength(64, usualAlphabet), codeLength(64, 'ab'), codeLength(32, '0123456789')]).toEqual([
      6, 12, 64, 10,
    ])
    expect(codeLength(32, 'a')).toBe(0)
  })
  test('what bits leave room for', () => {
    expect([magicBits(32, { roll: 16, ticket: 10, checksum: 5 }), magicBits(64, { roll: 16, ticket: 10, checksum: 5 })]).toEqual([0, 32])
    expect([highest(16), highest(10)]).toEqual([65_535, 1023])
  })
  test('characters that cannot be', () => {
    expect(['a', 'ab"', 'ab,', 'ab c', 'abä', 'abca', usualAlphabet].map(alphabetFault)).toEqual([
      'short',
      'separator',
      'separator',
      'odd',
      'odd',
      'twice',
      undefined,
    ])
  })
  test('the size of a pasted key', () => {
    // Of 31 bits in a public key, of 32 in PKCS #1: made for this test, and no good for anything else.
    const modulus = (n: number[]) => [0x02, n.length, ...n]
    const pem = (label: string, der: number[]) =>
      `-----BEGIN ${label}-----\n${btoa(String.fromCharCode(...der))}\n-----END ${label}-----\n`
    const sequence = (...parts: number[][]) => [0x30, parts.flat().length, ...parts.flat()]
    const e = modulus([1, 0, 1])
    const algorithm = sequence([0x06, 1, 42], [0x05, 0])
    const inner = sequence(modulus([0x7f, 0, 0, 1]), e)
    expect(keyBitsOf(pem('PUBLIC KEY', sequence(algorithm, [0x03, inner.length + 1, 0, ...inner])))).toBe(31)
    expect(keyBitsOf(pem('RSA PRIVATE KEY', sequence(modulus([0]), modulus([0, 0x80, 0, 0, 1]), e)))).toBe(32)
    expect(['', 'not a key', pem('PUBLIC KEY', [0x30]), '-----BEGIN X-----%-----END X-----'].map(keyBitsOf)).toEqual([null, null, null, null])
  })
})

describe('a zone', () => {
  const pair = { pair: 'sealed', magic: '77' }
  test('of long codes says nothing of keys, a compatible one all', () => {
    const f = { ...zone.blankZone, name: ' Bar ' }
    expect(zone.creation(f, 'long', null)).toEqual({ name: 'Bar', logins: 'last_login', login_url: '', ways: [], kind: 'long' })
    expect(zone.creation(f, 'compatible', pair)).toMatchObject({
      series: { pair: 'sealed', magic: '77', roll_bits: 16, ticket_bits: 10, checksum_bits: 5, alphabet: usualAlphabet },
    })
    const own = zone.creation({ ...f, keys: 'own', public_key: 'PEM' }, 'compatible', pair)
    expect(own.series).toEqual({ public_key: 'PEM', roll_bits: 16, ticket_bits: 10, checksum_bits: 5, alphabet: usualAlphabet })
  })
  test('a change that leaves codes alone does not mention them', () => {
    const before = { ...zone.blankZone, keys: 'kept' as const, name: 'Bar', magic: '9' }
    expect(zone.change({ ...before, name: 'Pub' }, before, null)).not.toHaveProperty('series')
    expect(zone.change({ ...before, alphabet: '0123456789' }, before, null)).toMatchObject({ series: { magic: '9', alphabet: '0123456789' } })
  })
  test('what is wrong is said where it is', () => {
    const bad = zone.zoneFaults(
      { ...zone.blankZone, ways: [{ nas_id: 'a' }, { nas_id: 'a', ssid: '' }], login_url: 'ftp://x', roll_bits: '20', magic: '18446744073709551616' },
      'compatible',
      undefined,
      say,
    )
    expect(Object.keys(bad).filter((k) => bad[k])).toEqual(['name', 'ways', 'login_url', 'checksum_bits', 'magic'])
    expect(Object.values(zone.zoneFaults({ ...zone.blankZone, name: 'Bar' }, 'compatible', undefined, say)).filter(Boolean)).toEqual([])
    expect(zone.zoneFaults({ ...zone.blankZone, name: 'Bar', keys: 'own' }, 'compatible', undefined, say).private_key).toBeTruthy()
  })
})

describe('a roll', () => {
  const long = { kind: 'long' } as Zone
  const r = { number: 4, first: 11, count: 20, seconds: 7200, sold_only: true, devices: 0, description: '', not_before: '2026-11-24T08:00:00Z' } as Roll
  test('the next one has the next number', () => {
    expect(roll.blankRoll(long, [r]).number).toBe('5')
    expect(roll.blankRoll(long, [])).toMatchObject({ number: '1', sold_only: false })
    expect(roll.blankRoll({ kind: 'compatible', series: { max_roll: 4, max_ticket: 15 } } as Zone, [r])).toMatchObject({
      number: '4',
      count: '15',
      sold_only: true,
    })
  })
  test('times are those of the site, and can be taken away', () => {
    const f = roll.fieldsOf(r, 'Europe/Berlin')
    expect(f.not_before).toBe('2026-11-24T09:00')
    expect(roll.change(f, r, 'Europe/Berlin')).toEqual({
      seconds: 7200,
      sold_only: true,
      not_before: '2026-11-24T08:00:00.000Z',
      first_use_by: undefined,
      devices: 0,
      description: '',
      always: true,
    })
    expect(roll.change({ ...f, count: '30' }, r, 'Europe/Berlin')).toMatchObject({ count: 30 })
    expect(roll.changesCodes({ ...f, count: '30' }, r)).toBe(true)
  })
  test('what is wrong is said where it is', () => {
    const f = { ...roll.fieldsOf(r, 'Europe/Berlin'), count: '0', first_use_by: '2026-11-24T09:00', devices: '-1', seconds: Number.NaN }
    const bad = roll.rollFaults(f, long, 'Europe/Berlin', say)
    expect(Object.keys(bad).filter((k) => bad[k])).toEqual(['count', 'seconds', 'first_use_by', 'devices'])
  })
  test('a range is one of its tickets', () => {
    expect(roll.wholeOf(r)).toEqual({ first: '11', last: '30' })
    expect(roll.sizeOf({ first: '11', last: '30' })).toBe(20)
    expect(roll.rangeFaults({ first: '11', last: '30' }, r, say)).toEqual({ first: undefined, last: undefined })
    expect(roll.rangeFaults({ first: '1', last: '31' }, r, say)).toMatchObject({ first: expect.anything(), last: expect.anything() })
    expect(roll.rangeFaults({ first: '20', last: '12' }, r, say).last).toBe('web.roll.fault.behind')
  })
})

describe('batches', () => {
  test('lines and codes without what is empty', () => {
    expect(linesOf(' a b \r\n\n c\n')).toEqual(['a b', 'c'])
    expect(codesOf(' a b \r\n\n c\n')).toEqual(['a', 'b', 'c'])
  })
  const lines = Array.from({ length: 1100 }, (_, i) => `code ${i + 1}`)
  test('are sent in parts, and lines counted over all', async () => {
    const sent: number[] = []
    const known: Expired[] = []
    const send = async (codes: string) => {
      const n = codes.split('\n').length
      sent.push(n)
      return { expired: n - 1, active: 1, passed_over: [{ line: n, code: 'x', reason: 'r', message: 'm' }] }
    }
    await expireAll(lines, send, (sofar) => known.push(sofar))
    const last = known.at(-1)
    expect(sent).toEqual([500, 500, 100])
    expect(last).toMatchObject({ expired: 1097, active: 3, done: 1100 })
    expect(last?.passed_over.map((p) => p.line)).toEqual([500, 1000, 1100])
  })
  test('what was done before one failed is known', async () => {
    const known: number[] = []
    const send = async (codes: string) => {
      if (known.length > 0) throw new Error('no answer')
      return { expired: codes.split('\n').length, active: 0, passed_over: [] }
    }
    await expect(expireAll(lines, send, (sofar) => known.push(sofar.done))).rejects.toThrow('no answer')
    expect(known).toEqual([500])
  })
})
