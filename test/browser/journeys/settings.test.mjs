// The settings: a site is changed, people, programs and other systems are let in, the
// record is verified, and somebody protects their own account.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import { call, launch, signIn, stack, walkIn } from '../browser.mjs'
import { look } from '../look.mjs'

const password = 'correct horse battery staple'
const settings = (part) => `/sites/${stack.site}/settings/${part}`

/** A browser in which a new administrator is signed in. */
async function administrator(t, email) {
  await call('POST', '/users', { email, name: 'Ines Quay', role: 'administrator', password })
  const b = await launch()
  t.after(() => b.close())
  await signIn(b.page, { email, password })
  return b
}

/** The code that an authenticator app shows (RFC 6238), some steps ahead. */
function totp(secret, ahead = 0) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => Number.parseInt(b, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead))
  const sum = createHmac('sha1', key).update(counter).digest()
  const number = sum.readUInt32BE(sum.at(-1) & 0xf) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

test('an administrator sets a house up and lets others in', async (t) => {
  const b = await administrator(t, 'keys@example.org')
  const { page } = b
  const dialog = page.getByRole('dialog')

  // A change that is not saved is not lost by a slip.
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByLabel('Address').fill('2 Quay Street, Harbour')
  await page.getByRole('link', { name: 'People & roles' }).click()
  await page.getByRole('dialog', { name: 'Leave without saving?' }).getByRole('button', { name: 'Stay here' }).click()
  await page.getByRole('region', { name: 'General' }).getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').first().waitFor()
  const { items } = await call('GET', '/sites')
  assert.equal(items.find((s) => s.id === stack.site).address, '2 Quay Street, Harbour')

  // What the API does not accept is said where it was typed.
  await page.getByRole('button', { name: 'Add a network' }).click()
  await dialog.getByLabel('How devices join').selectOption('wpa_psk')
  await dialog.getByLabel('Name (SSID)').fill('Harbour Workshop')
  await dialog.getByLabel('Passphrase', { exact: true }).fill('short')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('A passphrase has 8 to 63 characters.').waitFor()
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  await page.getByRole('button', { name: 'Add a kiosk' }).click()
  await dialog.getByLabel('Name').fill('Gate')
  await dialog.getByRole('button', { name: 'Show the code' }).click()
  assert.match(await dialog.locator('output').textContent(), /^\d{6}$/)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByText(/^Waits for its code until/).waitFor()

  // A person.
  await page.getByRole('link', { name: 'People & roles' }).click()
  await page.getByRole('button', { name: 'Add a person' }).click()
  await dialog.getByLabel('E-mail').fill('keys@example.org')
  await dialog.getByLabel('Name').fill('Jonas Berth')
  await dialog.getByLabel('Set a password now').check()
  await dialog.getByLabel('Password', { exact: true }).fill(password)
  await dialog.getByRole('button', { name: 'Add a person' }).click()
  await dialog.getByText('Somebody has this address already.').waitFor()
  await dialog.getByLabel('E-mail').fill('berth@example.org')
  await dialog.getByRole('button', { name: 'Add a person' }).click()
  await page.getByText('Jonas Berth').waitFor()

  // A token, shown once.
  await page.getByRole('button', { name: 'New token' }).click()
  await dialog.getByLabel('Name').fill('Booking system')
  await dialog.getByLabel('See visits').check()
  await dialog.getByRole('button', { name: 'Make the token' }).click()
  const once = page.getByRole('dialog', { name: 'Token Booking system' })
  const secret = await once.locator('code').textContent()
  const asked = await fetch(`${stack.url}/api/v1/visits?limit=1`, { headers: { Authorization: `Bearer ${secret}` } })
  assert.equal(asked.status, 200, 'the token works')
  await once.getByRole('button', { name: 'Done' }).click()
  await page.getByText('Booking system').waitFor()
  assert.equal((await page.content()).includes(secret), false, 'the token is gone from the page')

  // A webhook, whose secret is shown once too.
  await page.getByRole('link', { name: 'Webhooks' }).click()
  await page.getByRole('button', { name: 'Add a webhook' }).click()
  await dialog.getByLabel('Name').fill('Access control')
  await dialog.getByLabel('Address').fill('http://example.org/foyer')
  await dialog.getByRole('button', { name: 'Add a webhook' }).click()
  await dialog.getByText(/https/).last().waitFor()
  await dialog.getByLabel('Address').fill('https://example.org/foyer')
  await dialog.getByRole('button', { name: 'Add a webhook' }).click()
  const made = page.getByRole('dialog', { name: 'Secret of Access control' })
  assert.match(await made.locator('code').textContent(), /^whsec_/)
  await made.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('link', { name: 'Access control' }).click()
  await page.getByText('Nothing has been sent yet.').waitFor()

  // The record of all this is whole.
  await page.getByRole('link', { name: 'Audit' }).click()
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByText(/^The record is whole: \d+ rows/).waitFor()
  await page.getByText('Kiosk added').first().waitFor()
  await page.getByText('Ines Quay (staff)').or(page.getByText('You', { exact: true })).first().waitFor()
  assert.deepEqual(b.faults, [])
})

test('somebody signs in, sets up a second factor and signs in with it', async (t) => {
  await call('POST', '/users', { email: 'factor@example.org', name: 'Ada Berth', role: 'reception', password, sites: [stack.site] })
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  const dialog = page.getByRole('dialog')
  await signIn(page, { email: 'factor@example.org', password })
  assert.equal(await page.getByRole('link', { name: 'Settings' }).count(), 0, 'reception has none')

  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Account' }).click()
  await page.getByRole('button', { name: 'Set up a second factor' }).click()
  await dialog.getByLabel('Your present password').fill('not it')
  await dialog.getByRole('button', { name: 'Next' }).click()
  await dialog.getByText('This is not your password.').waitFor()
  await dialog.getByLabel('Your present password').fill(password)
  await dialog.getByRole('button', { name: 'Next' }).click()
  await dialog.getByRole('img', { name: /authenticator app/ }).waitFor()
  const secret = await dialog.locator('code').textContent()
  await look(b, 'account-factor', { short: true })
  await dialog.getByLabel('Code from the app').fill(totp(secret))
  await dialog.getByRole('button', { name: 'Switch on' }).click()
  await page.getByRole('dialog', { name: 'Recovery codes' }).getByRole('button', { name: 'Done' }).click()
  await page.getByText('On: signing in takes a code.').waitFor()

  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByLabel('E-mail').fill('factor@example.org')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  // A code works once: the next one, which clocks that are a little ahead show.
  await page.getByLabel('Code', { exact: true }).fill(totp(secret, 1))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Visits' }).waitFor()
  assert.deepEqual(b.faults, [])
})

test('the settings are clean in both themes', async (t) => {
  const b = await administrator(t, 'looks@example.org')
  const { page } = b
  const dialog = page.getByRole('dialog')
  await call('POST', `/sites/${stack.site}/kiosks`, { name: 'Lobby' })
  await call('PUT', `/sites/${stack.site}/rules`, { texts: { en: 'Wear your badge.', de: 'Tragen Sie Ihren Ausweis.' } })
  t.after(() => call('PUT', `/sites/${stack.site}/rules`, { texts: {} }))
  const account = await call('POST', '/crm/accounts', { name: 'Sales', kind: 'hubspot', credentials: { token: 'pat-eu1-0000' } })
  t.after(() => call('DELETE', `/crm/accounts/${account.id}`))
  const hook = await call('POST', '/webhooks', { name: 'Parking', url: 'https://example.org/parking', sites: [stack.site], kinds: ['person.erased'] })
  const { visit } = await walkIn('Forgotten', { visitor: { first_name: 'Ada', last_name: 'Forgotten', email: 'forgotten@example.org' } })
  await call('POST', `/visits/${visit.id}/check-out`)

  const at = async (part, name, ready) => {
    await page.goto(settings(part))
    await ready.waitFor()
    await look(b, name, { short: true })
  }
  // Made of parts that other dialogs show: for people to look at.
  const open = async (name, start, ready, alike = false) => {
    if (alike && !process.env.FOYER_SHOTS) return
    await page.setViewportSize({ width: 1440, height: 1000 })
    await start()
    await ready.waitFor()
    await look(b, name, { short: true })
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
  await at('site', 'settings-site', page.getByText(/^Version \d+ is in force/))
  await open('settings-network', () => page.getByRole('button', { name: 'Add a network' }).click(), dialog, true)
  await at('people', 'settings-people', page.getByText('looks@example.org'))
  await open('settings-person', () => page.getByRole('button', { name: 'Add a person' }).click(), dialog)
  await open('settings-token', () => page.getByRole('button', { name: 'New token' }).click(), dialog, true)
  await at('mail', 'settings-mail', page.getByRole('heading', { name: 'What was sent' }))
  await page.setViewportSize({ width: 1440, height: 1000 })
  await page.getByRole('button', { name: 'Send me a test' }).click()
  await page.getByText('A test mail to looks@example.org is on its way.').waitFor()
  await page.getByRole('listitem').filter({ hasText: 'The installation has no mail server' }).waitFor()
  await at('crm', 'settings-crm', page.getByText('Nothing was refused.'))
  await at('webhooks', 'settings-webhooks', page.getByRole('link', { name: 'Parking' }))
  await open('settings-webhook-new', () => page.getByRole('button', { name: 'Add a webhook' }).click(), dialog, true)
  await at(`webhooks/${hook.webhook.id}`, 'settings-webhook', page.getByText('https://example.org/parking'))
  await at('audit', 'settings-audit', page.getByText('Checked out').first())

  // Who asks to be forgotten is.
  await at('retention', 'settings-retention', page.getByText('No authority has asked.').or(page.getByText(/^Asked by/)).first())
  await page.setViewportSize({ width: 1440, height: 1000 })
  await page.getByLabel('Name, e-mail or company').fill('forgotten@example.org')
  await page.getByRole('button', { name: 'Find' }).click()
  await page.getByRole('listitem').filter({ hasText: 'Ada Forgotten' }).getByRole('button', { name: 'Erase' }).click()
  await dialog.getByRole('button', { name: 'Erase' }).click()
  await page.getByText('The person is erased here.').waitFor()
  await page.getByText('Erased everywhere').first().waitFor()

  await page.goto(`/sites/${stack.site}/account`)
  await page.getByText('Off: your password alone signs in.').waitFor()
  await look(b, 'account', { short: true })
  assert.deepEqual(b.faults, [])
})
