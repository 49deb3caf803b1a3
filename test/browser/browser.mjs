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

/** A browser of its own: cookies, storage and cache are nobody else's. */
export async function launch(options = {}) {
  const home = await mkdtemp(join(tmpdir(), 'foyer-chromium-'))
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
    /** What pages complained about: errors in scripts, and what the content security policy blocked. */
    faults,
    page: context.pages()[0] ?? (await context.newPage()),
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

export async function signIn(page, user = stack.users.reception) {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByLabel('Password', { exact: true }).fill(user.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Visits' }).waitFor()
}
