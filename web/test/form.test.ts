import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  blank,
  changeRequest,
  departureFault,
  faults,
  fieldAt,
  fieldsOf,
  longest,
  moveArrival,
  registration,
  switchWhen,
} from '../src/dialog/form.ts'
import { site, visit } from './visits.ts'

const now = Date.parse('2026-11-24T09:10:00Z')

test('a walk-in begins now and stays as long as is usual; an appointment at the next half hour', () => {
  const walkIn = blank(site, 'now', now)
  expect([walkIn.arrival, walkIn.departure]).toEqual(['2026-11-24T10:10', '2026-11-24T12:10'])
  const later = switchWhen(walkIn, 'later', site, now)
  expect([later.when, later.arrival, later.departure]).toEqual(['later', '2026-11-24T10:30', '2026-11-24T12:30'])
})

test('the stay moves with the arrival, over a change of the clocks too', () => {
  const f = { ...blank(site, 'later', now), arrival: '2026-10-24T22:00', departure: '2026-10-25T01:00' }
  expect(moveArrival(f, '2026-10-25T01:00', site).departure).toBe('2026-10-25T03:00')
  expect(moveArrival(f, '', site).departure).toBe(f.departure)
})

test('what is wrong is said at its field', () => {
  const f = { ...blank(site, 'later', now), email: 'nobody', departure: '2026-11-24T09:00' }
  expect(faults(f, site, now)).toEqual({
    lastName: 'web.fault.name',
    email: 'web.fault.email',
    departure: 'web.fault.past',
  })
  expect(faults({ ...blank(site, 'now', now), firstName: ' Ada ' }, site, now)).toEqual({})
  const late = '2026-11-24T12:00:00Z'
  expect(departureFault(late, '2026-11-24T11:00:00Z', site, now)).toBe('web.fault.order')
  expect(departureFault(late, '2026-11-25T12:00:01Z', site, now)).toBe('web.fault.long')
  expect(departureFault(late, '2026-11-25T12:00:00Z', site, now)).toBeUndefined()
  expect(departureFault(late, null, site, now)).toBe('web.fault.time')
})

test('requests hold trimmed texts and instants', () => {
  const f = { ...blank(site, 'now', now), firstName: ' Ada ', company: 'Quill & Co' }
  const walkIn = registration(f, site)
  expect(walkIn.visitor.first_name).toBe('Ada')
  expect([walkIn.check_in, walkIn.expected_arrival, walkIn.expected_departure]).toEqual([
    true,
    undefined,
    '2026-11-24T11:10:00.000Z',
  ])
  const known = visit('a', { host: { name: 'Eva' } })
  expect(changeRequest(fieldsOf(known, site), site)).toMatchObject({
    host: { name: 'Eva', email: '' },
    expected_arrival: '2026-11-24T09:00:00.000Z',
  })
})

// What is longer cannot be typed: the server's word about it would come late, and in English.
test('fields take as much as the API does', () => {
  const { components } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'openapi.json'), 'utf8'))
  const most: Record<string, number | undefined> = {}
  for (const [name, of] of [['visitor', components.schemas.VisitorInput], ['host', components.schemas.HostInput]] as const) {
    for (const [field, schema] of Object.entries<{ maxLength?: number }>(of.properties)) most[`${name}.${field}`] = schema.maxLength
  }
  for (const [location, field] of Object.entries(fieldAt)) {
    if (location in most) expect([location, longest[field]]).toEqual([location, most[location]])
  }
  expect(Object.keys(most).length).toBeGreaterThan(6)
})
