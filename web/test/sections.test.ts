import { expect, test } from 'vitest'
import { mainAction, moreActions, secondAction } from '../src/board/actions.ts'
import { flat, sections } from '../src/board/sections.ts'
import { visit } from './visits.ts'

const now = Date.parse('2026-11-24T12:00:00Z')
const zone = 'Europe/Berlin'
const due = (id: string, at: string) =>
  visit(id, { status: 'pre_registered', presence: 'expected', expected_arrival: at })
const shape = (list: ReturnType<typeof sections>) => list.map((s) => `${s.key}:${s.visits.map((v) => v.id).join('')}`)

test('the expected are cut into what reception waits for and what comes later', () => {
  const list = [
    due('a', '2026-11-24T11:00:00Z'),
    due('b', '2026-11-24T11:30:00Z'),
    due('c', '2026-11-24T12:30:00Z'),
    due('d', '2026-11-24T12:31:00Z'),
    due('e', '2026-11-24T23:30:00Z'),
    due('f', '2026-11-25T09:00:00Z'),
  ]
  expect(shape(sections(list, 'expected', now, zone))).toEqual(['earlier:a', 'now:bc', 'today:d', '2026-11-25:ef'])
})

test('the overdue come first and under one heading', () => {
  const overdue = (id: string) => visit(id, { status: 'expired', presence: 'unconfirmed' })
  const list = [overdue('a'), visit('b'), overdue('c'), visit('d')]
  expect(shape(sections(list, 'on_site', now, zone))).toEqual(['overdue:ac', 'present:bd'])
  expect(shape(sections([visit('b')], 'on_site', now, zone))).toEqual(['present:b'])
  expect(flat(sections(list, 'on_site', now, zone)).map((e) => e.key)).toEqual([
    'overdue',
    'a',
    'c',
    'present',
    'b',
    'd',
  ])
})

test('the completed are cut by the day of the place', () => {
  const ended = (id: string, at: string) => visit(id, { status: 'checked_out', ended_at: at })
  const list = [ended('a', '2026-11-23T23:30:00Z'), ended('b', '2026-11-23T22:30:00Z')]
  expect(shape(sections(list, 'completed', now, zone))).toEqual(['2026-11-24:a', '2026-11-23:b'])
})

test('each visit has one action, and only what its caller may do', () => {
  const all = () => true
  const none = () => false
  const expected = due('a', '2026-11-24T12:00:00Z')
  const overdue = visit('b', { status: 'expired', presence: 'unconfirmed', ended_at: '2026-11-24T11:00:00Z' })
  expect([expected, visit('c'), overdue].map((v) => mainAction(v, all))).toEqual(['checkIn', 'checkOut', 'confirmLeft'])
  expect(mainAction(visit('d', { status: 'cancelled', presence: undefined }), all)).toBeNull()
  for (const v of [expected, visit('c'), overdue]) {
    expect(mainAction(v, none)).toBeNull()
    expect(moreActions(v, none, now)).toEqual([])
  }
  expect(moreActions(expected, all, now)).toEqual(['change', 'cancel'])
  expect(moreActions(visit('c'), all, now)).toEqual(['extend', 'access', 'reissue'])
  // Who is overdue stays longer; who left comes back.
  expect(moreActions(overdue, all, now)).toEqual(['stay'])
  expect(secondAction(moreActions(overdue, all, now))).toBe('stay')
  const left = visit('e', { status: 'checked_out', presence: 'left', ended_at: '2026-11-24T11:00:00Z' })
  expect(moreActions(left, all, now)).toEqual(['readmit'])
  expect(secondAction(moreActions(left, all, now))).toBeNull()
  expect(moreActions(overdue, all, now + 12 * 3_600_000)).toEqual([])
})
