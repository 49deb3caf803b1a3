import { expect, test } from 'vitest'
import { howTo, wifiText } from '../src/slip/wifi.ts'
import { endings, isSettled } from '../src/visit/ending.ts'
import { traffic } from '../src/visit/traffic.ts'

test('a code is by the kind of network, and never holds a voucher', () => {
  expect(wifiText({ ssid: 'Guests', kind: 'open_portal', portal_url: 'https://p' })).toBe('WIFI:T:nopass;S:Guests;;')
  expect(wifiText({ ssid: 'A;b:c,"d\\', kind: 'open_portal', hidden: true })).toBe(
    'WIFI:T:nopass;S:A\\;b\\:c\\,\\"d\\\\;H:true;;',
  )
  expect(wifiText({ ssid: 'Home', kind: 'wpa_psk', passphrase: 'pass;word' })).toBe('WIFI:T:WPA;S:Home;P:pass\\;word;;')
  expect(wifiText({ ssid: 'Home', kind: 'wpa_psk' })).toBeNull()
  expect(wifiText({ ssid: 'Corp', kind: 'wpa_eap' })).toBeNull()
  expect(howTo({ ssid: 'Home', kind: 'wpa_psk' })).toBe('web.access.how.wpa_psk.typed')
})

test('the ending of a session is one story, each request in it once', () => {
  const attempt = (at: string, answer: string) => ({ at, answer, method: 'disconnect' })
  const [one] = endings(
    [
      {
        session_id: 's',
        state: 'confirmed',
        next_try_at: null,
        at: '2026-11-24T10:02:00Z',
        attempts: [attempt('2026-11-24T10:00:00Z', 'none'), attempt('2026-11-24T10:01:00Z', 'ack')],
      },
      {
        session_id: 's',
        state: 'failed',
        next_try_at: null,
        reason: 'no_answer',
        at: '2026-11-24T10:00:30Z',
        attempts: [attempt('2026-11-24T10:00:00Z', 'none')],
      },
    ],
    [],
  )
  expect(one?.last.state).toBe('confirmed')
  expect(one?.attempts.map((a) => a.answer)).toEqual(['none', 'ack'])
  expect(one && isSettled(one.last)).toBe(true)
})

test('traffic in units that people know', () => {
  expect([
    traffic(0, 'en'),
    traffic(55_000_000, 'en'),
    traffic(1_234_000_000, 'en'),
    traffic(1_234_000_000, 'de'),
  ]).toEqual(['0 kB', '55 MB', '1.2 GB', '1,2 GB'])
})
