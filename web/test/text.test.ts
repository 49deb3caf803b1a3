import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import de from '../src/text/de.ts'
import en from '../src/text/en.ts'
import { choose, fill, sayer } from '../src/text/text.ts'

test('values are put in once', () => {
  expect(fill('{a} and {b} and {c}', { a: '{b}', b: 2 })).toBe('{b} and 2 and {c}')
})

test('one and many', () => {
  const t = sayer(en)
  expect([t.count('web.agent.lag', 1), t.count('web.agent.lag', 3)]).toEqual(['1 change behind', '3 changes behind'])
  expect(t.known('web.no.such', 'instead')).toBe('instead')
})

test('the language is the chosen one, else the browser’s, else English', () => {
  expect([
    choose('de', ['en']),
    choose(null, ['fr-FR', 'de-AT', 'en']),
    choose('xx', []),
    choose(null, ['ja']),
  ]).toEqual(['de', 'de', 'en', 'en'])
})

/** All of our sources as one text. */
function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((f) =>
      f.isDirectory()
        ? sources(join(folder, f.name))
        : /\.tsx?$/.test(f.name)
          ? readFileSync(join(folder, f.name), 'utf8')
          : '',
    )
    .join('\n')
}

test('every text of the dashboard is said somewhere', () => {
  const text = sources(join(import.meta.dirname, '..', 'src'))
  const whole = new Set([...text.matchAll(/'(web\.[a-zA-Z0-9_.]+)'/g)].map((m) => m[1]))
  const made = [...text.matchAll(/`(web\.[a-z_.]+)\$\{/g)].map((m) => String(m[1]))
  const unsaid = Object.keys(en).filter((key) => {
    const stem = key.replace(/_(one|other)$/, '')
    return key.startsWith('web.') && !whole.has(key) && !whole.has(stem) && !made.some((m) => key.startsWith(m))
  })
  expect(unsaid).toEqual([])
  expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort())
})
