// A day at the desk: from signing in to a check-out that was a mistake.
import assert from 'node:assert/strict'
import test from 'node:test'
import { board, control, launch, row, signIn, stack } from '../browser.mjs'

test('reception registers, checks in, hands over, checks out and takes it back', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b

  await page.goto(board())
  await page.getByLabel('E-mail').fill(stack.users.reception.email)
  await page.getByLabel('Password', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('E-mail and password do not match.').waitFor()
  await page.getByLabel('Password', { exact: true }).fill(stack.users.reception.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(`**${board()}`)

  // Registered for later.
  await page.getByRole('button', { name: 'New visit' }).click()
  const form = page.getByRole('dialog')
  await form.getByText('Expected later').click()
  await form.getByRole('button', { name: 'Register' }).click()
  await form.getByText('A visitor needs a name.').waitFor()
  await form.getByLabel('First name').fill('Grace')
  await form.getByLabel('Last name').fill('Harbour')
  await form.getByLabel('Company').fill('Quay & Sons')
  await form.getByLabel('Host', { exact: true }).fill('Eva Brandt')
  await form.getByRole('button', { name: 'Register' }).click()
  await page.getByText(/Grace Harbour is registered for/).waitFor()

  // Checked in, with credentials that let a device in.
  await page.getByRole('link', { name: /^Expected/ }).click()
  await row(page, 'Grace Harbour').getByRole('button', { name: /^Check in/ }).click()
  const access = page.getByRole('dialog', { name: 'WiFi access' })
  const network = access.getByRole('combobox', { name: 'WiFi network' })
  assert.equal(await network.inputValue(), 'Harbour Guests')
  const [username, password] = await access.locator('code').allTextContents()
  assert.match(username, /^v-[2-9a-z]{8}$/)
  assert.match(password, /^[2-9a-z]{12}$/, 'groups are style alone')
  await access.getByRole('img', { name: /joins the network Harbour Guests/ }).waitFor()
  await network.click()
  await page.getByRole('option', { name: 'Harbour Rooms' }).click()
  await access.getByRole('img', { name: /joins the network Harbour Rooms/ }).waitFor()
  await access.getByText('pass;phrase').waitFor()
  const login = await control('nas/login', { mac: '02-AA-00-00-00-01', ip: '10.9.0.1', username, password })
  assert.equal(login.accepted, true)
  await access.getByRole('button', { name: 'Done' }).click()
  await page.getByText('Nobody is expected', { exact: false }).waitFor()

  // The detail shows the device, without the password.
  await page.getByRole('link', { name: /^On Site/ }).click()
  await row(page, 'Grace Harbour').click()
  const detail = page.getByRole('dialog', { name: 'Grace Harbour' })
  await detail.getByText(/02-AA-00-00-00-01|02:aa:00:00:00:01/i).waitFor()
  assert.equal((await detail.textContent()).includes(password), false)
  await detail.getByRole('button', { name: 'Show WiFi access' }).click()
  await page.getByRole('dialog', { name: 'WiFi access' }).getByText('That you looked is recorded', { exact: false }).waitFor()
  await page.getByRole('button', { name: 'Done' }).click()

  // Checked out: the device is gone, which the detail proves.
  await detail.getByRole('button', { name: /^Check out/ }).click()
  const question = page.getByRole('dialog', { name: 'Check out Grace Harbour?' })
  await question.getByText('WiFi access ends at once', { exact: false }).waitFor()
  await question.getByRole('button', { name: 'Check out' }).click()
  await page.getByText('Grace Harbour is checked out.').hover() // it stays while it is pointed at
  await detail.getByText(/is disconnected from/).waitFor()
  await detail.getByText('Password shown').waitFor()

  // By mistake.
  await page.getByRole('button', { name: 'Undo' }).click()
  const again = page.getByRole('dialog', { name: 'WiFi access' })
  await again.getByText('Grace Harbour is checked in.', { exact: false }).waitFor()
  assert.notEqual((await again.locator('code').allTextContents())[0], username, 'credentials are not reused')
  await again.getByRole('button', { name: 'Done' }).click()
  await page.goto(board())
  await row(page, 'Grace Harbour').getByText('On Site').waitFor()

  // The address of a visit, and who is signed out, comes back to it.
  await row(page, 'Grace Harbour').click()
  await page.waitForURL(/on-site\/[0-9a-f-]{36}$/)
  const address = page.url()
  await page.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in to Foyer' }).waitFor()
  await page.goto(address)
  await page.getByLabel('E-mail').fill(stack.users.reception.email)
  await page.getByLabel('Password', { exact: true }).fill(stack.users.reception.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('dialog', { name: 'Grace Harbour' }).waitFor()
  assert.deepEqual(b.faults, [])
})

test('a visit is changed, extended and cancelled', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page)
  await page.keyboard.press('n')
  const form = page.getByRole('dialog')
  await form.getByLabel('Last name').fill('Walkin')
  await form.getByRole('button', { name: 'Check in' }).click()
  await page.getByRole('dialog', { name: 'WiFi access' }).getByRole('button', { name: 'Done' }).click()
  const more = async (item) => {
    await row(page, 'Walkin').getByRole('button', { name: /^More for/ }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  const before = await row(page, 'Walkin').textContent()
  await more('Change departure')
  await page.getByRole('button', { name: '+1 hour' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Change departure' }).click()
  await page.waitForFunction(
    ([text]) => ![...document.querySelectorAll('[role=row]')].some((r) => r.textContent === text),
    [before],
  )
  await more('New credentials')
  await page.getByRole('button', { name: 'Make new credentials' }).click()
  await page.getByRole('dialog', { name: 'WiFi access' }).getByRole('button', { name: 'Done' }).click()

  await page.getByRole('button', { name: 'New visit' }).click()
  await form.getByText('Expected later').click()
  await form.getByLabel('Last name').fill('Latecomer')
  await form.getByRole('button', { name: 'Register' }).click()
  await page.getByRole('link', { name: /^Expected/ }).click()
  await row(page, 'Latecomer').getByRole('button', { name: /^More for/ }).click()
  await page.getByRole('menuitem', { name: 'Change visit' }).click()
  await form.getByLabel('Company').fill('Elsewhere Ltd')
  await form.getByRole('button', { name: 'Save' }).click()
  await row(page, 'Latecomer').getByText('Elsewhere Ltd').waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('elsewhere')
  await page.waitForURL(/q=elsewhere/)
  await row(page, 'Latecomer').getByRole('button', { name: /^More for/ }).click()
  await page.getByRole('menuitem', { name: 'Cancel visit' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel visit' }).click()
  await page.getByText('matches “elsewhere”', { exact: false }).waitFor()
  await page.getByRole('link', { name: /^Completed/ }).click()
  await row(page, 'Latecomer').getByText('Cancelled').waitFor()
  assert.deepEqual(b.faults, [])
})

test('a host sees nothing that a host may not do', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page, stack.users.host)
  await page.getByRole('button', { name: 'New visit' }).first().waitFor()
  assert.equal(await page.getByRole('link', { name: 'Network' }).count(), 0)
  assert.equal(await page.getByRole('button', { name: /^Check (in|out)/ }).count(), 0)
})
