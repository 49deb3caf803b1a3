// One Chromium for all journeys, and what they need to know of the stack, which
// the Go test beside this started: FOYER_BROWSER is JSON with url, control, users …
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

export const stack = JSON.parse(process.env.FOYER_BROWSER ?? '{}')

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * A browser of its own: cookies, storage and cache are nobody else's. With the home
 * of another it is that one, started again.
 */
export async function launch({ home: given, ...options } = {}) {
  const home = given ?? (await mkdtemp(join(tmpdir(), 'foyer-chromium-')))
  const context = await chromium.launchPersistentContext(home, {
    executablePath: process.env.FOYER_CHROMIUM ?? '/usr/bin/chromium',
    args: flags,
    baseURL: stack.url,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1440, height: 900 },
    ...options,
  })
  context.setDefaultTimeout(15_000)
  const faults = []
  context.on('page', (page) => watch(page, faults))
  for (const page of context.pages()) watch(page, faults)
  return {
    context,
    home,
    /** What pages complained about: errors in scripts, and what the content security policy blocked. */
    faults,
    page: context.pages()[0] ?? (await context.newPage()),
    /** As a device does that loses its power: its disk stays. */
    stop: () => context.close(),
    async close() {
      await context.close()
      await rm(home, { recursive: true, force: true })
    },
  }
}

function watch(page, faults) {
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (/Content Security Policy|Minified React error|Warning:/.test(message.text())) faults.push(message.text())
  })
}

export async function signIn(page, user = stack.users.reception, ready = page.getByRole('navigation', { name: 'Visits' })) {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByLabel('Password', { exact: true }).fill(user.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await ready.waitFor()
}

/** The API, as a program with an administrator's token calls it. */
export async function call(method, path, body) {
  const answer = await fetch(`${stack.url}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${stack.token}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text ? JSON.parse(text) : null
}

export const inMinutes = (n) => new Date(Date.now() + n * 60_000).toISOString()

/** Checks a walk-in in, by the API. */
export const walkIn = (last, more = {}) =>
  call('POST', '/visits', { site_id: stack.site, visitor: { first_name: 'Ada', last_name: last }, check_in: true, ...more })

export const expect = (last, more = {}) =>
  call('POST', '/visits', {
    site_id: stack.site,
    visitor: { first_name: 'Ada', last_name: last },
    expected_arrival: inMinutes(5),
    ...more,
  })

/** Has the time of somebody who is in end in a moment, and returns when. A server that hears of it too late is told a later one. */
export async function endSoon(visit) {
  for (let margin = 1_500; ; margin *= 2) {
    const ends = Date.now() + margin
    try {
      await call('POST', `/visits/${visit}/extend`, { expected_departure: new Date(ends).toISOString() })
      return ends
    } catch (error) {
      if (margin > 10_000 || !error.message.includes('departure_in_past')) throw error
    }
  }
}

/** Does something to the world outside the browser. */
export async function control(what, body = {}) {
  const answer = await fetch(`${stack.control}/${what}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${text}`)
  return text ? JSON.parse(text) : null
}

export const row = (page, name) => page.getByRole('row').filter({ hasText: name })

export const board = (tab = 'on-site') => `/sites/${stack.site}/board/${tab}`
