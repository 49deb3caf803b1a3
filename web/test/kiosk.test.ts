import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Problem } from '../src/api/problem.ts'
import { tellOf, unpaired } from '../src/kiosk/desk.ts'
import { readShown } from '../src/kiosk/shown.ts'
import { type Key, languages, loadWords, prefer, spoken } from '../src/kiosk/words.ts'

const token = 'AWkAamEbAAGJCl2slndLvM6zApmoBXf3m2WmJk9Qd0h1c2VyZ1Fb'

test('what is shown is a link, a token, a code or a user name', () => {
  expect(token).toHaveLength(52)
  for (const text of [`https://foyer.example/v/${token}`, `http://10.0.0.1:8080/v/${token}?done=left`, ` ${token}\n`]) {
    expect(readShown(text)).toEqual({ token })
  }
  for (const text of ['abcd2345ef', 'ABCD 2345 EF', ' abcd-2345-ef']) {
    expect(readShown(text)).toEqual({ code: 'abcd2345ef' })
  }
  for (const text of ['v-7k2m9qxp', ' V-7K2M9QXP ', 'v7k2m9qxp', '7k2m9qxp', 'v-7k2m 9qxp']) {
    expect(readShown(text)).toEqual({ username: 'v-7k2m9qxp' })
  }
  for (const text of ['', 'Ada', 'abcd2345e', 'abcd2345eff', 'abcd1345ef', `${token}x`, 'https://example.org/', '%', 'v-7k2m9q']) {
    expect(readShown(text)).toBeNull()
  }
})

test('a visitor is told what they can do about it', () => {
  const told = (status: number, code: string) => tellOf(new Problem(status, code, ''))
  expect([told(0, 'unreachable'), told(503, 'unavailable'), told(500, 'internal')]).toEqual(['away', 'away', 'away'])
  expect([told(429, 'too_many_requests'), told(404, 'invitation_not_found'), told(410, 'link_expired')]).toEqual([
    'busy',
    'unknown',
    'over',
  ])
  expect([told(409, 'already_checked_in'), told(409, 'visit_ended'), told(422, 'invalid')]).toEqual(['again', 'over', 'failed'])
  expect(unpaired(new Problem(401, 'unauthenticated', ''))).toBe(true)
  expect(unpaired(new Problem(404, 'invitation_not_found', ''))).toBe(false)
})

test('the language is the browser’s, and a text of the site’s what there is of it', () => {
  expect([prefer(['fr-CA', 'de']), prefer(['ja', 'pl']), prefer([])]).toEqual(['fr', 'pl', 'en'])
  expect(spoken({ de: 'Hausordnung', en: 'Rules' }, 'fr')).toEqual({ text: 'Rules', lang: 'en' })
  expect(spoken({ de: 'Hausordnung' }, 'fr')).toEqual({ text: 'Hausordnung', lang: 'de' })
})

test('every text is said, in every language', async () => {
  const folder = join(import.meta.dirname, '..', 'src', 'kiosk')
  const sources = readdirSync(folder)
    .filter((f) => /\.tsx?$/.test(f))
    .map((f) => readFileSync(join(folder, f), 'utf8'))
    .join('\n')
  const en = JSON.parse(readFileSync(join(folder, '../../../internal/catalogue/en/kiosk.json'), 'utf8'))
  const whole = new Set([...sources.matchAll(/'(kiosk\.[a-z._]+)'/g)].map((m) => m[1]))
  const made = [...sources.matchAll(/`(kiosk\.[a-z.]*)\$\{[^}]+\}([a-z.]*)`/g)].map(
    (m) => new RegExp(`^${m[1]?.replaceAll('.', '\\.')}[a-z_]+${m[2]?.replaceAll('.', '\\.')}$`),
  )
  expect(Object.keys(en).filter((key) => !whole.has(key) && !made.some((m) => m.test(key)))).toEqual([])
  for (const language of Object.keys(languages)) {
    const say = await loadWords(language as keyof typeof languages)
    for (const key of Object.keys(en)) expect(say(key as Key)).not.toBe(key)
  }
})
