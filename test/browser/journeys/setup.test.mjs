// From an empty deployment to the first login that is let in, as the page leads.
import assert from 'node:assert/strict'
import test from 'node:test'
import { control, launch, signIn, stack } from '../browser.mjs'
import { look } from '../look.mjs'

const secretOf = (page) => page.getByLabel('Shared secret')

test('the setup leads to the first login', async (t) => {
  const b = await launch({ baseURL: stack.setup.url })
  t.after(() => b.close())
  const { page } = b
  await signIn(page, stack.setup.user, page.getByRole('heading', { name: 'Set up Foyer' }))
  await look(b, 'setup-site', { short: true })

  await page.getByRole('button', { name: 'Make the site' }).click()
  await page.getByText('This needs a name.').waitFor()
  await page.getByLabel('Name', { exact: true }).fill('First House')
  assert.equal(await page.getByRole('combobox', { name: 'Time zone' }).inputValue(), 'Europe/Berlin', 'of the browser')
  await page.getByRole('button', { name: 'Make the site' }).click()

  await page.getByLabel('Name (SSID)').fill('First Guests')
  await page.getByRole('button', { name: 'Save the network' }).click()

  await page.getByLabel('Name', { exact: true }).fill('rack 1')
  await page.getByRole('button', { name: 'Make the agent' }).click()
  await page.getByText('The token is good for another', { exact: false }).waitFor()
  await look(b, 'setup-agent', { short: true })
  const command = await page.getByRole('group', { name: 'Command' }).locator('code').textContent()
  await control('setup/agent', { command })

  // Connected: the page goes on by itself. What is done is in the database alone.
  await secretOf(page).waitFor({ timeout: 30_000 })
  await page.reload()
  await page.getByRole('button', { name: 'Make one' }).click()
  const secret = await secretOf(page).inputValue()
  assert.match(secret, /^\w{24}$/)
  const { port } = await control('setup/access-point', { secret })
  await page.getByLabel('Name', { exact: true }).fill('Lobby')
  await page.getByLabel('Address or network').fill('127.0.0.1')
  await page.getByLabel('Port for that').fill(String(port))
  await look(b, 'setup-access-point', { short: true })
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('Lobby understands disconnect requests, and the secret is right.').waitFor()
  await look(b, 'setup-test', { short: true })
  await page.getByRole('button', { name: 'Go on' }).click()

  await page.getByRole('button', { name: 'Make test credentials' }).click()
  const guest = { mac: '02-AA-00-00-00-07', username: (await page.getByText(/^v-\w{8}$/).textContent()) ?? '' }
  await control('setup/nas/login', { ...guest, password: 'mistyped' })
  await page.getByText('The password was wrong.').waitFor()
  await look(b, 'setup-login')
  const password = (await page.getByText('Password', { exact: true }).locator('xpath=following-sibling::code').textContent()) ?? ''
  const answer = await control('setup/nas/login', { ...guest, password })
  assert.ok(answer.accepted)
  await page.getByText('Everything works.', { exact: false }).waitFor({ timeout: 15_000 })
  await page.getByRole('button', { name: 'Check the test out' }).click()
  await page.getByText('First House is set up.', { exact: false }).waitFor()
  await look(b, 'setup-done', { short: true })
  await page.getByRole('link', { name: 'To the board' }).click()
  await page.getByRole('navigation', { name: 'Visits' }).waitFor()
  assert.deepEqual(b.faults, [])
})
