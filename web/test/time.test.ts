import { describe, expect, test } from 'vitest'
import { clock, dayKey, fromField, near, span, toField, zoneDiffers, zoneName } from '../src/time.ts'

const berlin = 'Europe/Berlin'

describe('times of a place', () => {
  test('show the place’s clock, whatever this machine’s is', () => {
    expect(clock('2026-11-24T13:05:59Z', berlin)).toBe('14:05')
    expect(clock('2026-11-24T23:30:00Z', berlin)).toBe('00:30')
    expect(dayKey('2026-11-24T23:30:00Z', berlin)).toBe('2026-11-25')
    expect(toField('2026-07-01T10:00:00Z', berlin)).toBe('2026-07-01T12:00')
  })

  test('name the day only where it is another', () => {
    const now = Date.parse('2026-11-24T12:00:00Z')
    expect(near('2026-11-24T13:05:00Z', now, berlin, 'en')).toBe('14:05')
    expect(near('2026-11-25T13:05:00Z', now, berlin, 'en')).toMatch(/^Wed,? 25 Nov, 14:05$/)
    expect(near('2026-11-25T13:05:00Z', now, berlin, 'de')).toContain('25. Nov')
  })

  test('are read back as they were shown', () => {
    for (const at of ['2026-01-15T08:00:00.000Z', '2026-07-15T08:00:00.000Z', '2026-10-25T02:30:00.000Z']) {
      for (const zone of [berlin, 'UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham']) {
        expect(fromField(toField(at, zone), zone)).toBe(at)
      }
    }
  })

  test('that the clocks skip are read as the moment after, those they repeat as the first', () => {
    expect(fromField('2026-03-29T02:30', berlin)).toBe('2026-03-29T01:30:00.000Z')
    expect(fromField('2026-10-25T02:30', berlin)).toBe('2026-10-25T00:30:00.000Z')
  })

  test('that are none are refused', () => {
    for (const text of ['', 'tomorrow', '2026-13-01T10:00', '2026-01-01', '2026-01-01T10:00:00']) {
      expect(fromField(text, berlin)).toBeNull()
    }
  })

  test('say their zone', () => {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone
    expect(zoneDiffers(here, Date.now())).toBe(false)
    expect(zoneDiffers('Asia/Kolkata', Date.now()) && zoneDiffers('America/New_York', Date.now())).toBe(true)
    expect(zoneName(berlin, Date.parse('2026-01-01T00:00:00Z'))).toMatch(/CET|GMT\+1/)
  })

  test('spans never are negative', () => {
    expect(span(3_725_000)).toEqual({ hours: 1, minutes: 2, seconds: 5 })
    expect(span(-5)).toEqual({ hours: 0, minutes: 0, seconds: 0 })
  })
})
