import { expect, test, vi } from 'vitest'
import { expired, type Kept, keptFor, thin } from '../src/evacuation/keep.ts'
import { asListed, conclude, count, matches, type OwnMark, overlay, seen, voices } from '../src/evacuation/marks.ts'
import type { Listed, Mark, MarkMade, Present, Said } from '../src/evacuation/types.ts'
import { Again } from '../src/live/again.ts'

const at = (second: number) => new Date(Date.parse('2026-11-24T12:00:00Z') + second * 1000).toISOString()
let drawn = 0
const said = (by: string, mark: MarkMade, second: number): Said => ({
  mark_id: `m${drawn++}`,
  mark,
  marked_by: by,
  marked_at: at(second),
})

const person = (id: string, marks: Said[] = []): Listed => ({
  visit_id: id,
  visitor: { first_name: 'Zoë', last_name: `Müller-${id}`, company: 'Nordlicht GmbH', email: 'zoe@example.org', phone: '+49 30 1' },
  host: { name: 'Eva Brandt', email: 'eva@example.org' },
  presence: 'in',
  added_at: at(0),
  arrived: false,
  mark: conclude(marks),
  marks: marks.map((m) => ({ ...m, received_at: m.marked_at })),
})

/** Every order of a few things. */
const orders = <T>(list: T[]): T[][] =>
  list.length < 2 ? [list] : list.flatMap((x, i) => orders(list.toSpliced(i, 1)).map((rest) => [x, ...rest]))

// The table of internal/visit/rollcall_test.go: a device without the server must not conclude otherwise.
test.each<[string, Said[], Mark]>([
  ['nobody', [], 'unmarked'],
  ['one', [said('a', 'safe', 1)], 'safe'],
  ['two agree', [said('a', 'safe', 1), said('b', 'safe', 2)], 'safe'],
  ['two differ', [said('a', 'safe', 1), said('b', 'missing', 2)], 'unclear'],
  ['nobody is safe by majority', [said('a', 'safe', 1), said('b', 'safe', 2), said('c', 'not_here', 3)], 'unclear'],
  ['who corrects themselves', [said('a', 'missing', 1), said('a', 'safe', 2)], 'safe'],
  ['who comes round', [said('a', 'missing', 1), said('b', 'safe', 2), said('a', 'safe', 3)], 'safe'],
  ['two things at one instant', [said('a', 'safe', 1), said('a', 'missing', 1)], 'unclear'],
  ['and made up for', [said('a', 'safe', 1), said('a', 'missing', 1), said('a', 'missing', 2)], 'missing'],
])('marks of %s', (_, marks, want) => {
  for (const order of orders(marks)) expect(conclude(order)).toBe(want)
})

test('marks of this device count at once, and once', () => {
  const theirs = said('user:b', 'missing', 1)
  const own: OwnMark = { ...said('user:a', 'safe', 2), visit_id: 'x', sent: false }
  const [x, y] = overlay([person('x', [theirs]), person('y')], [own])
  expect([x?.mark, x?.waiting, x?.marks.length]).toEqual(['unclear', true, 2])
  expect([y?.mark, y?.waiting]).toEqual(['unmarked', false])
  // Sent, and then on the server's list too.
  expect(overlay([person('x')], [{ ...own, sent: true }])[0]).toMatchObject({ mark: 'safe', waiting: false })
  const listed = person('x', [theirs, own])
  expect(overlay([listed], [own])[0]?.marks.length).toBe(2)
  expect(seen([listed], [own, { ...own, mark_id: 'other' }])).toEqual([own.mark_id])
})

test('who nothing was marked of stays the same, so that nothing is drawn again', () => {
  const list = [person('x'), person('y')]
  expect(overlay(list, [])[0]).toBe(overlay(list, [])[0])
})

test('who is missing or unclear is not accounted for', () => {
  const marks: Mark[] = ['safe', 'safe', 'not_here', 'missing', 'unclear', 'unmarked']
  expect(count(marks.map((mark) => ({ mark })))).toEqual({
    people: 6,
    accounted: 3,
    safe: 2,
    not_here: 1,
    missing: 1,
    unclear: 1,
    unmarked: 1,
  })
})

test('of each the last word is shown', () => {
  const [a, b, c] = [said('a', 'missing', 1), said('b', 'safe', 2), said('a', 'safe', 3)]
  expect(voices([c, b, a])).toEqual([b, c])
})

test('a search finds beginnings of names, without accents', () => {
  const p = person('Löwe') as Present
  for (const query of ['zoe', 'mull', 'LÖWE', 'lowe zo', 'nord', 'brandt', ' ']) expect(matches(p, query), query).toBe(true)
  for (const query of ['oe', 'zoe schmidt', 'example']) expect(matches(p, query), query).toBe(false)
})

test('a list can be begun with by who has no network', () => {
  const [p] = asListed([person('x', [said('a', 'safe', 1)])], at(5))
  expect(p).toMatchObject({ mark: 'unmarked', marks: [], arrived: false, added_at: at(5) })
})

const kept = (readAt: number): Kept => ({
  site: { id: 's', name: 'Berlin', timezone: 'Europe/Berlin', networks: [{ ssid: 'x', psk: 'secret' }] } as unknown as Kept['site'],
  me: { id: 'u', kind: 'user', name: 'Ada', email: 'ada@example.org', permissions: ['evacuation.read'], all_sites: true },
  list: { site_id: 's', at: at(0), note: '', people: [person('x')] },
  call: null,
  calls: [],
  readAt,
  ahead: 0,
})

test('a device keeps names, and no address, number or key', () => {
  const text = JSON.stringify(thin({ ...kept(0), call: { people: [person('y')] } as unknown as Kept['call'] }))
  for (const name of ['Müller-x', 'Müller-y', 'Eva Brandt', 'Nordlicht', 'evacuation.read']) expect(text).toContain(name)
  for (const not of ['example.org', '+49', 'secret']) expect(text).not.toContain(not)
})

test('what is kept is gone after a day, whichever way a clock was set', () => {
  const now = Date.now()
  expect(expired({ readAt: now - keptFor + 1 }, now)).toBe(false)
  expect(expired({ readAt: now - keptFor }, now)).toBe(true)
  expect(expired({ readAt: now + 2 * keptFor }, now)).toBe(true)
})

test('reading again waits for the reading that goes on, and never starves', async () => {
  vi.useFakeTimers()
  let readings = 0
  const answers: (() => void)[] = []
  const again = new Again(() => {
    readings++
    return new Promise<void>((done) => answers.push(done))
  }, 400)
  again.ask()
  for (let i = 0; i < 20; i++) again.ask()
  expect(readings).toBe(1)
  answers.shift()?.()
  await vi.advanceTimersByTimeAsync(399)
  expect(readings).toBe(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(readings).toBe(2)
  answers.shift()?.()
  await vi.advanceTimersByTimeAsync(1000)
  expect(readings).toBe(2)
  again.ask()
  again.stop()
  expect(readings).toBe(3)
  again.ask()
  expect(readings).toBe(3)
  vi.useRealTimers()
})
