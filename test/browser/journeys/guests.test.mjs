// Guests: a profile, a template and a portal are made, an account too; somebody logs in at
// the portal and is seen live, and is ended again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { call, launch, signIn, stack } from '../browser.mjs'
import { look } from '../look.mjs'

const password = 'correct horse battery staple'
const at = (page) => `/sites/${stack.site}/guests/${page}`
const line = (page, name) => page.getByRole('listitem').filter({ hasText: name })
const alike = { short: true }

async function seen(b, name, how) {
  await look(b, name, how)
  await b.page.setViewportSize({ width: 1440, height: 1000 })
}

/** Whose browser a network of Meraki sent to the portal. */
async function logIn(context, portal, mac, email) {
  const page = await context.newPage()
  const query = new URLSearchParams({
    login_url: 'https://n1.network-auth.com/splash/login',
    continue_url: 'http://example.org/',
    client_mac: mac,
    ap_mac: '00:18:0a:00:00:01',
  })
  await page.goto(`/portal/${portal}?${query}`)
  await page.locator('input[name=email]').fill(email)
  for (const tick of await page.locator('input[type=checkbox]').all()) await tick.check()
  // The network itself is not there; what matters is that the way to it is shown.
  await page.route('https://n1.network-auth.com/**', (route) => route.fulfill({ body: 'online' }))
  await page.locator('form button').first().click()
  await page.waitForURL(/network-auth|portal/)
  return page
}

test('guests: how long, what is shown, where, who, and who is online', async (t) => {
  const email = 'guests@example.org'
  await call('POST', '/users', { email, name: 'Ines Quay', role: 'administrator', password })
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  const dialog = page.getByRole('dialog')
  await signIn(page, { email, password })

  // How long accounts are good.
  await page.goto(at('profiles'))
  await page.getByText('No profile yet.', { exact: false }).waitFor()
  await seen(b, 'profiles-empty', alike)
  await page.getByRole('button', { name: 'Add a profile' }).click()
  await dialog.getByLabel('How many days').fill('0')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.getByText('A whole number from 1 to 1830').waitFor()
  await dialog.getByLabel('How many days').fill('5')
  await dialog.getByText(/^An account made today at 14:00 is good until \w{3} \d+ \w{3}\.$/).waitFor()
  await dialog.getByLabel('Name', { exact: true }).fill('Week')
  await dialog.getByLabel('Devices at a time').fill('3')
  await seen(b, 'profile-form', alike)
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await line(page, 'Week').getByText('5 days, counting the day of its start').waitFor()
  await seen(b, 'profiles')

  // What a portal shows.
  await page.goto(at('templates/new'))
  await page.getByLabel('Name', { exact: true }).fill('Lobby')
  await page.getByLabel('A login lasts', { exact: true }).fill('200')
  await page.getByRole('checkbox', { name: 'Form' }).check()
  await page.getByRole('button', { name: 'Add the template' }).click()
  await page.getByText('Longer than accounts of the profile “Week” are good.').waitFor()
  await page.getByText('must ask for an e-mail address', { exact: false }).waitFor()
  await page.getByLabel('A login lasts', { exact: true }).fill('0.5')
  await page.getByText('Less than an hour', { exact: false }).waitFor()
  await page.getByLabel('A login lasts', { exact: true }).fill('4')
  await page.getByLabel('E-mail', { exact: true }).selectOption('Must be given')
  for (const name of ['First name', 'Last name']) await page.getByLabel(name, { exact: true }).selectOption('Not asked')
  for (const name of ['Code by e-mail', 'Visit’s credentials']) await page.getByRole('checkbox', { name }).uncheck()
  await page.getByLabel('Title', { exact: true }).fill('Welcome aboard')
  await page.getByRole('button', { name: 'Add the template' }).click()
  const consents = page.getByRole('region', { name: 'Consents' })
  await consents.getByRole('button', { name: 'Write: Terms of use' }).click()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('Write the text in at least one language.').waitFor()
  await dialog.getByLabel('Text', { exact: true }).fill('Be kind to the network.')
  await seen(b, 'consent-form', alike)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await line(consents, 'Terms of use').getByText(/^Version 1 of/).waitFor()
  const preview = page.frameLocator('iframe')
  await preview.getByText('Welcome aboard').waitFor()
  await page.getByRole('region', { name: 'Preview' }).getByLabel('Page', { exact: true }).selectOption('Continue')
  await preview.getByRole('button').first().waitFor()
  await seen(b, 'template')
  await page.goto(at('templates'))
  await line(page, 'Lobby').getByText('A login lasts 4 hours.', { exact: false }).waitFor()
  await seen(b, 'templates', alike)

  // Where guests are sent.
  await page.goto(at('portals'))
  await page.getByRole('button', { name: 'Add a portal' }).click()
  await dialog.getByLabel('Name', { exact: true }).fill('Harbour Guests')
  await dialog.getByLabel('Device', { exact: true }).selectOption('UniFi')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  assert.equal(await dialog.getByText('This device cannot work without it.').count(), 2)
  await seen(b, 'portal-form', alike)
  await dialog.getByLabel('Device', { exact: true }).selectOption('Cisco Meraki, sign-on')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { name: 'Harbour Guests' }).waitFor()
  const portal = page.url().split('/').at(-1)
  await page.getByText(`/portal/${portal}`).waitFor()
  await seen(b, 'portal')
  await page.goto(at('portals'))
  await line(page, 'Harbour Guests').waitFor()
  await seen(b, 'portals', alike)

  // Who may log in.
  await page.goto(at('accounts'))
  await page.getByRole('button', { name: 'New account' }).click()
  await dialog.getByLabel('Login', { exact: true }).fill('room-12')
  await dialog.getByLabel('Last name').fill('Hopper')
  await seen(b, 'account-form', alike)
  await dialog.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('dialog', { name: 'Account of Hopper' }).getByText('The password is shown here only', { exact: false }).waitFor()
  await seen(b, 'account-made', alike)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'From a spreadsheet' }).click()
  await dialog.getByLabel(/^The file’s text/).fill('email,last_name\nada@example.org,Quill\nnobody,Weber\n')
  await dialog.getByRole('button', { name: 'Check' }).click()
  await dialog.getByText('1 new account').waitFor()
  await dialog.getByText('1 line cannot be taken').waitFor()
  await dialog.getByRole('button', { name: '3', exact: true }).click()
  await seen(b, 'account-import', alike)
  await dialog.getByRole('button', { name: 'Import the one good line' }).click()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('link', { name: 'Hopper' }).click()
  await page.getByRole('dialog', { name: 'Hopper' }).getByRole('button', { name: 'Block' }).click()
  await page.getByRole('dialog', { name: 'Block Hopper?' }).getByRole('button', { name: 'Block' }).click()
  await page.getByRole('dialog', { name: 'Hopper' }).getByText('Blocked', { exact: true }).waitFor()
  await page.keyboard.press('Escape')
  await line(page, 'Quill').getByText('Active').waitFor()
  await page.getByLabel('State').selectOption('Blocked')
  await line(page, 'Quill').waitFor({ state: 'detached' })
  await line(page, 'Hopper').waitFor()
  await page.getByLabel('State').selectOption('All')
  await line(page, 'Quill').waitFor()
  await seen(b, 'accounts')

  // Who is online, live.
  await page.goto(at('authentications'))
  await page.getByText(/^\d+ green now$/).waitFor()
  const guest = await launch()
  t.after(() => guest.close())
  await logIn(guest.context, portal, '02:aa:00:00:00:71', 'robert@example.org')
  const login = line(page, 'robert@example.org')
  await login.getByText('Green', { exact: true }).waitFor()
  await login.getByText('private').waitFor()
  await login.getByText(/^3 h 59 min left, until/).waitFor()
  await login.getByText('Not connected').waitFor()
  await page.getByText(/^[1-9]\d* green now$/).waitFor()
  await seen(b, 'authentications')
  await login.getByRole('link').click()
  const drawer = page.getByRole('dialog')
  await drawer.getByText('Let in. The guest logged in.').waitFor()
  await seen(b, 'authentication', alike)
  await drawer.getByRole('button', { name: 'End now' }).click()
  await page.getByRole('dialog', { name: /^End the access of/ }).getByRole('button', { name: 'End now' }).click()
  await drawer.getByText('ended by staff', { exact: false }).first().waitFor()
  await drawer.getByRole('link', { name: 'robert@example.org' }).click()
  await page.getByRole('heading', { name: 'Why' }).waitFor()
  await drawer.getByText('Version 1, agreed', { exact: false }).waitFor()
  await seen(b, 'account', alike)

  // Why somebody was let in whose device is all that is known.
  await page.goto(at('authentications'))
  await page.getByRole('link', { name: 'Let in or refused: why?' }).click()
  const mac = page.getByLabel('MAC address of the device')
  await mac.fill('02aa')
  await page.getByText('This is not a whole MAC address', { exact: false }).waitFor()
  await mac.fill('02-AA-00-00-00-71')
  await page.getByText('Let in. The guest logged in.').waitFor()
  await page.getByRole('link', { name: 'Account', exact: true }).first().waitFor()
  await seen(b, 'decisions')
  await page.getByLabel('Only who was refused').check()
  await page.getByText('No portal of this site has decided that.').waitFor()
  assert.deepEqual(b.faults, [])
})

test('reception sees guests and profiles, and makes accounts only', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  await signIn(b.page)
  await b.page.goto(at(''))
  await b.page.getByRole('button', { name: 'New account' }).waitFor()
  const parts = b.page.getByRole('navigation', { name: 'Sections' })
  for (const [name, shown] of [['Accounts', 1], ['Authentications', 1], ['Profiles', 1], ['Templates', 0], ['Portals', 0]]) {
    assert.equal(await parts.getByRole('link', { name, exact: true }).count(), shown, name)
  }
  await parts.getByRole('link', { name: 'Profiles', exact: true }).click()
  await b.page.getByRole('heading', { name: 'Profiles' }).waitFor()
  assert.equal(await b.page.getByRole('main').getByRole('button').count(), 0)
  assert.deepEqual(b.faults, [])
})
