// The network of a site: who may ask, whether it works, who got no access, and whose
// device is not proven gone.
import assert from 'node:assert/strict'
import test from 'node:test'
import { call, control, launch, signIn, stack, walkIn } from '../browser.mjs'
import { look } from '../look.mjs'

const at = (page) => `/sites/${stack.site}/network/${page}`
/** Waits until the agents know everything that was changed. */
async function followed() {
  for (;;) {
    const { items } = await call('GET', `/sites/${stack.site}/agents`)
    if (items.every((a) => a.state !== 'connected' || a.lag === 0)) return
  }
}

const line = (page, name) => page.getByRole('listitem').filter({ hasText: name })

test('an access point is added, tried, changed and removed', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page, stack.users.site_manager)
  await page.goto(at('access-points'))
  await page.getByRole('button', { name: 'Add an access point' }).click()
  const form = page.getByRole('dialog', { name: 'Add an access point' })
  await form.getByRole('button', { name: 'Add', exact: true }).click()
  await form.getByText('An access point needs a name.').waitFor()
  await form.getByText('A secret has 8 to 128 characters', { exact: false }).waitFor()
  await form.getByLabel('Name').fill('Hall')
  await form.getByLabel('Address or network').fill('10.9.0.1/24')
  await form.getByRole('button', { name: 'Make one' }).click()
  await form.getByRole('button', { name: 'Add', exact: true }).click()
  await form.getByText('did you mean 10.9.0.0/24?', { exact: false }).waitFor() // as the server says
  await look(b, 'nas-form', { short: true })
  await form.getByLabel('Address or network').fill('127.0.0.9')
  await form.getByLabel('Port for that').fill('9')
  await form.getByRole('button', { name: 'Add', exact: true }).click()

  // It is tried at once: nobody listens there.
  const tested = page.getByRole('dialog', { name: 'Test of Hall' })
  await tested.getByText('At the address of Hall nobody listens on port 9.').waitFor()
  await tested.getByText('No login from Hall has arrived', { exact: false }).waitFor()
  await look(b, 'nas-test', { short: true })
  await tested.getByRole('button', { name: 'Done' }).click()

  await control('nas/behaviour', { script: [{ answer: 'nak', error_cause: 501, times: 1 }] })
  const lobby = line(page, '127.0.0.1/32')
  await lobby.getByRole('button', { name: 'Test' }).click()
  const other = page.getByRole('dialog', { name: /^Test of/ })
  await other.getByText('does not allow the agent to disconnect anybody', { exact: false }).waitFor()
  await other.getByRole('button', { name: 'Test again' }).click()
  await other.getByText('understands disconnect requests, and the secret is right.', { exact: false }).waitFor()
  await page.keyboard.press('Escape')
  await other.waitFor({ state: 'detached' })
  await look(b, 'access-points')

  await line(page, 'Hall').getByRole('button', { name: /^More for/ }).click()
  await page.getByRole('menuitem', { name: 'Remove' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await line(page, 'Hall').waitFor({ state: 'detached' })
  assert.deepEqual(b.faults, [])
})

test('a refused login says why, and what helps', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  const { visit, voucher } = await walkIn('Refusal')
  const guest = { mac: '02-AA-00-00-00-21', username: voucher.username, password: 'mistyped' }
  await control('nas/login', guest)
  await control('nas/login', { ...guest, username: 'v-nobody22' })
  await signIn(page, stack.users.site_manager)
  await page.goto(at('refused'))
  await line(page, voucher.username).getByText('The password was wrong.').waitFor()
  await line(page, 'v-nobody22').getByText('user names begin with “v-”', { exact: false }).waitFor()
  await look(b, 'refused')
  await page.getByLabel('Reason').selectOption('Wrong password')
  await line(page, 'v-nobody22').waitFor({ state: 'detached' })
  await call('POST', `/visits/${visit.id}/check-out`)
  assert.deepEqual(b.faults, [])
})

test('an unsigned access point is allowed at a stated risk', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  const nas = await call('POST', `/sites/${stack.site}/nases`, { name: 'Old one', source: '127.0.0.5', secret: 'a secret of its own' })
  t.after(() => call('DELETE', `/sites/${stack.site}/nases/${nas.id}`))
  await followed()
  await control('unsigned', { from: '127.0.0.5', secret: 'a secret of its own' })
  await signIn(page, stack.users.site_manager)
  await page.goto(at('refused'))
  const refused = line(page, 'Old one')
  await refused.getByText('does not sign its requests', { exact: false }).waitFor({ timeout: 30_000 })
  await refused.getByRole('button', { name: /^Allow for this one/ }).click()
  const sure = page.getByRole('dialog', { name: 'Answer unsigned requests of Old one?' })
  await look(b, 'allow-unsigned', { short: true })
  await sure.getByRole('button', { name: 'Allow at this risk' }).click()
  await sure.waitFor({ state: 'detached' })
  await refused.getByRole('button', { name: /^Allow for this one/ }).waitFor({ state: 'detached' })
  assert.equal((await call('GET', `/sites/${stack.site}/nases/${nas.id}`)).message_authenticator, 'allow_none')
  assert.deepEqual(b.faults, [])
})

test('whose device is not proven gone stands on a list, and can be tried again', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  const { visit, voucher } = await walkIn('Lingers')
  await control('nas/login', { mac: '02-AA-00-00-00-31', username: voucher.username, password: voucher.password })
  await control('nas/behaviour', { script: [{ answer: 'nak', error_cause: 506 }] })
  t.after(() => control('nas/behaviour', { script: [] }))
  await call('POST', `/visits/${visit.id}/check-out`)
  await signIn(page)
  await page.goto(at('terminations'))
  const open = line(page, 'Ada Lingers')
  await open.getByText('is busy.', { exact: false }).waitFor({ timeout: 20_000 })
  await look(b, 'terminations', { short: true })
  await control('nas/behaviour', { script: [] })
  await open.getByRole('button', { name: /^Retry now/ }).click()
  await open.waitFor({ state: 'detached', timeout: 20_000 })
  assert.deepEqual(b.faults, [])
})

test('an agent is made, shown how to start, and withdrawn', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page, stack.users.site_manager)
  await page.goto(at('agents'))
  await page.getByText('Up to date').waitFor()
  await page.getByRole('button', { name: 'Add an agent' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('rack 2')
  await page.getByRole('button', { name: 'Make the agent' }).click()
  const made = page.getByRole('dialog', { name: 'Start rack 2' })
  assert.match(await made.getByRole('group', { name: 'Command' }).innerText(), /^FOYER_ENROLMENT_TOKEN=\S+ foyer agent/)
  await made.getByText(/good for another (59|60):\d\d minutes/).waitFor()
  await look(b, 'agent-made', { short: true })
  await made.getByRole('button', { name: 'Done' }).click()
  await look(b, 'agents', { short: true })
  await line(page, 'rack 2').getByRole('button', { name: /^More for/ }).click()
  await page.getByRole('menuitem', { name: 'Withdraw' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click()
  await line(page, 'rack 2').waitFor({ state: 'detached' })
  assert.deepEqual(b.faults, [])
})
