import { describe, expect, test } from 'vitest'
import { belongs, place } from '../src/board/place.ts'
import { page, visit } from './visits.ts'

const at = (minute: number) => `2026-11-24T10:${String(minute).padStart(2, '0')}:00Z`
const leaving = (id: string, minute: number) => visit(id, { expected_departure: at(minute) })
const ids = (pages: ReturnType<typeof place>) => pages.map((p) => p.items.map((v) => v.id).join(''))

describe('a changed visit', () => {
  const pages = [page([leaving('a', 10), leaving('c', 30)], 'more'), page([leaving('d', 40), leaving('f', 50)], 'more')]

  test('goes where the server would sort it', () => {
    expect(ids(place(pages, leaving('b', 20), 'on_site'))).toEqual(['abc', 'df'])
    expect(ids(place(pages, leaving('e', 45), 'on_site'))).toEqual(['ac', 'def'])
    expect(ids(place(pages, leaving('0', 1), 'on_site'))).toEqual(['0ac', 'df'])
    expect(ids(place(pages, leaving('b', 30), 'on_site'))).toEqual(['abc', 'df'])
  })

  test('is there once, also when it moves', () => {
    expect(ids(place(pages, leaving('a', 45), 'on_site'))).toEqual(['c', 'daf'])
    expect(ids(place(pages, leaving('a', 10), 'on_site'))).toEqual(['ac', 'df'])
  })

  test('behind what was read waits for its page, unless there is no other', () => {
    expect(ids(place(pages, leaving('z', 59), 'on_site'))).toEqual(['ac', 'df'])
    expect(ids(place([page([leaving('a', 10)])], leaving('z', 59), 'on_site'))).toEqual(['az'])
    expect(ids(place([page([])], leaving('z', 59), 'on_site'))).toEqual(['z'])
  })

  test('leaves the list that it is no longer in', () => {
    const gone = visit('c', { status: 'checked_out', presence: 'left', ended_at: at(31) })
    expect(ids(place(pages, gone, 'on_site'))).toEqual(['a', 'df'])
    expect(ids(place([page([visit('x', { ended_at: at(20) })])], gone, 'completed'))).toEqual(['cx'])
  })

  test('does not change what it was put into', () => {
    place(pages, leaving('b', 20), 'on_site')
    expect(ids(pages)).toEqual(['ac', 'df'])
  })
})

test('an expired visit is in two lists', () => {
  const overdue = visit('o', { status: 'expired', presence: 'unconfirmed', ended_at: at(1) })
  expect([belongs(overdue, 'expected'), belongs(overdue, 'on_site'), belongs(overdue, 'completed')]).toEqual([
    false,
    true,
    true,
  ])
})
