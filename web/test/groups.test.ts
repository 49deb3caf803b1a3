import { expect, test } from 'vitest'
import { between } from '../src/board/useSelection.ts'
import { blank, returning, typed } from '../src/dialog/form.ts'
import { worthKeeping } from '../src/dialog/readmission.ts'
import { Problem } from '../src/api/problem.ts'
import { batchRequest, faultsByRow, faultsOfRequest } from '../src/groups/batch.ts'
import { mended } from '../src/groups/mend.ts'
import {
  blankDays,
  clockNotes,
  type Days,
  daysFaults,
  daysMost,
  daysOf,
  placeIn,
  seriesRequest,
  stillToCome,
  withDay,
  withoutDay,
} from '../src/groups/series.ts'
import { asCSV, letterOf, lineAt, sample, sheetColumns, textOf } from '../src/groups/sheet.ts'
import { cellsOf, emptyMember, isBlank, memberFaults, membersMost, paste, tidied } from '../src/groups/table.ts'
import de from '../src/text/de.ts'
import { sayer } from '../src/text/text.ts'
import { nextTry } from '../src/visit/ending.ts'
import { site, visit } from './visits.ts'

const now = Date.parse('2026-11-24T09:10:00Z') // a Tuesday
const days = (more: Partial<Days> = {}): Days => ({ ...blankDays(site, now), ...more })

test('a series is the chosen weekdays of a span, without some days and with others', () => {
  expect(daysOf(days())).toEqual(['2026-11-25', '2026-11-26', '2026-11-27', '2026-11-30', '2026-12-01'])
  const changed = withDay(withoutDay(days(), '2026-11-26'), '2026-12-24')
  expect(daysOf(changed)).toEqual(['2026-11-25', '2026-11-27', '2026-11-30', '2026-12-01', '2026-12-24'])
  expect(daysOf(withDay(changed, '2026-11-26'))).toContain('2026-11-26')
  expect(daysOf(days({ from: '' }))).toEqual([])
  expect(daysOf(days({ from: '2026-02-27', to: '2026-03-02', weekdays: [1, 2, 3, 4, 5, 6, 7] }))).toEqual([
    '2026-02-27',
    '2026-02-28',
    '2026-03-01',
    '2026-03-02',
  ])
  expect(daysOf(days({ to: '9999-12-31', weekdays: [] }))).toEqual([])
  const request = seriesRequest({ ...blank(site, 'days', now), lastName: 'Quill' }, changed, site)
  expect(request.series).toEqual({ dates: daysOf(changed), arrives: '09:00', departs: '17:00' })
})

test('what is wrong with a series is said where it is', () => {
  expect(daysFaults(days(), site, now)).toEqual({})
  expect(daysFaults(days({ weekdays: [] }), site, now)).toEqual({ days: 'web.fault.nodays' })
  expect(daysFaults(days({ to: '2026-11-20' }), site, now).to).toBe('web.fault.span')
  expect(daysFaults(days({ departs: '09:00', from: '' }), site, now)).toMatchObject({
    from: 'web.fault.day',
    departs: 'web.fault.order',
  })
  expect(daysFaults(days({ from: '2026-11-24', departs: '10:00', arrives: '08:00' }), site, now).days).toBe('web.fault.past')
  expect(daysFaults(days({ to: '2028-01-01' }), site, now).days).toBe('web.fault.manydays')
  expect(daysOf(days({ to: '2028-01-01' }))).toHaveLength(daysMost + 1)
})

test('the clocks are spoken of where they change, and only there', () => {
  expect(clockNotes(days(), 'Europe/Berlin')).toEqual([])
  const spring = days({ from: '2027-03-27', to: '2027-03-29', weekdays: [1, 6, 7] })
  expect(clockNotes(spring, 'Europe/Berlin')).toEqual([{ kind: 'change', day: '2027-03-28' }])
  expect(clockNotes(spring, 'Asia/Tokyo')).toEqual([])
  const night = days({ from: '2027-03-28', to: '2027-03-28', weekdays: [7], arrives: '02:30', departs: '04:00' })
  expect(clockNotes(night, 'Europe/Berlin')).toContainEqual({
    kind: 'moved',
    day: '2027-03-28',
    wanted: '02:30',
    shown: '03:30',
  })
})

test('a visit knows its place in a series, and what is still to come', () => {
  const day = (id: string, at: string, more = {}) =>
    visit(id, { status: 'pre_registered', expected_arrival: at, series_id: 's', ...more })
  const all = [
    day('a', '2026-11-23T09:00:00Z', { status: 'checked_out' }),
    day('b', '2026-11-24T09:00:00Z', { status: 'cancelled' }),
    day('c', '2026-11-25T09:00:00Z'),
    day('d', '2026-11-26T09:00:00Z', { check_in_requested_at: '2026-11-26T08:59:00Z' }),
    day('e', '2026-11-27T09:00:00Z'),
  ]
  const of = (i: number) => all[i] ?? visit('none')
  expect(placeIn(all, of(2))).toEqual({ at: 2, of: 4 })
  expect(placeIn(all, of(1))).toEqual({ at: 2, of: 5 })
  expect(placeIn(all, visit('x'))).toBeNull()
  expect(stillToCome(all, of(0)).map((v) => v.id)).toEqual(['c', 'e'])
  expect(stillToCome(all, of(4)).map((v) => v.id)).toEqual(['e'])
})

test('a spreadsheet’s cells are pasted from where the cursor is', () => {
  expect(cellsOf('one cell')).toBeNull()
  expect(cellsOf('one cell\r\n')).toBeNull()
  const cells = cellsOf('Ada\tQuill\t"Quill ""& Co""\nBerlin"\r\n\r\nLi\tWei\r\n')
  expect(cells).toEqual([
    ['Ada', 'Quill', 'Quill "& Co"\nBerlin'],
    ['Li', 'Wei'],
  ])
  const rows = paste([emptyMember(1), emptyMember(2)], 1, 'lastName', cells ?? [])
  expect(rows.map((r) => [r.firstName, r.lastName, r.company, r.email])).toEqual([
    ['', '', '', ''],
    ['', 'Ada', 'Quill', 'Quill "& Co"\nBerlin'],
    ['', 'Li', 'Wei', ''],
    ['', '', '', ''],
  ])
  expect(new Set(rows.map((r) => r.id)).size).toBe(4)
  const many = Array.from({ length: 300 }, (_, i) => [`N${i}`])
  expect(paste([emptyMember(1)], 0, 'lastName', many).filter((m) => !isBlank(m))).toHaveLength(membersMost)
})

test('a table keeps one empty row at its end and knows its faults', () => {
  const ada = { ...emptyMember(1), firstName: 'Ada' }
  expect(tidied([ada]).map((r) => r.id)).toEqual([1, 2])
  expect(tidied(tidied([ada]))).toHaveLength(2)
  const bad = { ...emptyMember(7), email: 'nobody' }
  expect(memberFaults([ada, bad, emptyMember(8)])).toEqual(
    new Map([[7, { lastName: 'web.fault.name', email: 'web.fault.email' }]]),
  )
  const f = { ...blank(site, 'later', now), company: 'Quay & Sons', hostName: 'Eva' }
  const { visits } = batchRequest(f, [ada, { ...ada, company: ' Own ' }], site)
  expect(visits.map((v) => v.visitor.company)).toEqual(['Quay & Sons', 'Own'])
  expect(visits[0]).toMatchObject({ host: { name: 'Eva' }, expected_arrival: '2026-11-24T09:30:00.000Z' })
})

test('a refusal is said in the reader’s words where we have them', () => {
  const t = sayer({ 'web.fault.email': 'Keine Mailadresse.', 'web.problem.site_archived': 'Geschlossen.' })
  const invalid = 'urn:foyer:problem:invalid'
  expect(mended(t, invalid, 'This is not an e-mail address.')).toBe('Keine Mailadresse.')
  expect(mended(t, invalid, 'Something new.')).toBe('Something new.')
  expect(mended(t, 'urn:foyer:problem:site_archived', 'The site is archived.')).toBe('Geschlossen.')
  const people = [emptyMember(4), emptyMember(9)]
  const errors = [{ location: 'visitor.email', message: 'This is not an e-mail address.' }]
  expect(faultsByRow(people, [{ visit_id: 'v' }, { refused: { type: invalid, detail: '', errors } }], t)).toEqual(
    new Map([[9, 'Keine Mailadresse.']]),
  )
  const whole = new Problem(422, 'invalid', '', { 'visits[1].visitor.last_name': 'expected length <= 200', x: 'y' })
  expect([...faultsOfRequest(people, whole, t)]).toEqual([[9, 'web.mend.long']])
})

test('a file is read as UTF-8 or not at all, and its places are those of a spreadsheet', () => {
  expect(textOf(new TextEncoder().encode('Zoë').buffer as ArrayBuffer)).toBe('Zoë')
  expect(textOf(new Uint8Array([0x5a, 0xeb]).buffer)).toBeNull()
  expect([1, 4, 26, 27, 52, 703].map(letterOf)).toEqual(['A', 'D', 'Z', 'AA', 'AZ', 'AAA'])
  expect([1, 2, 3, 9].map((n) => lineAt('ab\ncd\n', n))).toEqual([
    [0, 2],
    [3, 5],
    [6, 6],
    [6, 6],
  ])
  expect(asCSV('first_name\tlast_name\r\nAda;x\tQuill')).toBe('first_name;last_name\n"Ada;x";Quill')
  expect(asCSV('first_name,last_name\nA\tB,C')).toBe('first_name,last_name\nA\tB,C')
  expect(sample('2026-11-25').split('\r\n')[0]).toBe(sheetColumns.join(','))
})

test('who was here before is filled in, and another name is another person', () => {
  const person = {
    id: 'p',
    first_name: 'Grace',
    last_name: 'Hopper',
    email: 'grace@example.org',
    visits: 2,
    guest: false,
    last_visit: { visit_id: 'v', site_id: 'site', host: { name: 'Eva' }, expected_arrival: '2026-11-01T09:00:00Z' },
    created_at: '',
    updated_at: '',
  }
  const filled = returning({ ...blank(site, 'now', now), purpose: 'Audit' }, person)
  expect(filled).toMatchObject({ personID: 'p', lastName: 'Hopper', hostName: 'Eva', purpose: 'Audit' })
  expect(typed(filled, { company: 'Quay' }).personID).toBe('p')
  expect(typed(filled, { lastName: 'Harper' }).personID).toBe('')
})

test('small rules', () => {
  expect(between(['a', 'b', 'c', 'd'], 'c', 'a')).toEqual(['a', 'b', 'c'])
  expect(between(['a'], 'gone', 'a')).toEqual(['a'])
  expect(worthKeeping(visit('a'), Date.parse('2026-11-24T10:59:30Z'))).toBe(false)
  expect(worthKeeping(visit('a'), Date.parse('2026-11-24T10:58:30Z'))).toBe(true)
  const story = (next_try_at: string | null, ended_at?: string) =>
    ({ key: '', attempts: [], last: { next_try_at }, session: { ended_at } }) as never
  const [late, soon] = ['2026-11-24T10:00:00Z', '2026-11-24T09:30:00Z']
  expect(nextTry([story(late), story(soon), story(null)])).toBe(soon)
  expect(nextTry([story(soon, soon)])).toBeNull()
})

test('what settings are refused for is said in German too', () => {
  const t = sayer(de)
  for (const [said, mine] of [
    ['These are not networks such as 10.1.0.0/24.', 'web.mend.networks'],
    ['This PIN is guessed first. Take one without a pattern.', 'web.mend.pin'],
    ['The URL must begin with https.', 'web.mend.url'],
    ['You invite visitors to yourself.', 'web.mend.host'],
    ['A webhook needs a name of at most 200 characters.', 'web.mend.long'],
    ['This is one of the passwords that are tried first.', 'web.mend.password.common'],
    ['This is a pattern. Choose something that nobody would guess.', 'web.mend.password.pattern'],
    ['This is your name or e-mail address with little else.', 'web.mend.password.own'],
    ['A password has at least 12 characters.', 'web.reset.rule'],
  ] as const) {
    expect(mended(t, 'invalid', said)).toBe(de[mine])
  }
})
