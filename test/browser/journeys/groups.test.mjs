// More than one visitor, and more than one day.
import assert from 'node:assert/strict'
import test from 'node:test'
import { board, call, control, endSoon, expect, launch, row, signIn, stack, walkIn } from '../browser.mjs'
import { look } from '../look.mjs'

const ways = async (page, item) => {
  await page.getByRole('button', { name: 'More ways to register' }).click()
  await page.getByRole('menuitem', { name: item }).click()
  return page.getByRole('dialog')
}

const search = async (page, text) => {
  await page.getByLabel('Search name, host, company').fill(text)
  await page.waitForURL(new RegExp(`q=${text}`))
}

test('somebody comes on several days, and the rest is cancelled', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page)
  const form = await ways(page, 'Several days')
  await form.getByLabel('Last name').fill('Manydays')
  await form.getByLabel('First day').fill('2027-03-25')
  await form.getByLabel('Last day').fill('2027-03-30')
  await form.getByText('4 days, each with credentials of its own.').waitFor()
  await form.getByText(/^The clocks change before Monday,? 29 March/).waitFor()
  await form.getByRole('button', { name: /^Not on Fri 26/ }).click()
  await form.getByRole('button', { name: 'Sun', exact: true }).click()
  await form.getByLabel('Another day').fill('2027-04-05')
  await form.getByRole('button', { name: 'Add' }).click()
  await form.getByRole('button', { name: 'Register 5 days' }).click()
  await page.getByText('Manydays is registered for 5 days.').waitFor()

  await page.goto(`${board('expected')}?q=Manydays`)
  await row(page, 'Manydays').nth(4).waitFor()
  await row(page, 'Manydays').nth(2).click()
  const detail = page.getByRole('dialog', { name: 'Manydays' })
  await detail.getByText('Day 3 of 5').click()
  await detail.getByRole('button', { name: 'Cancel the rest' }).click()
  const question = page.getByRole('dialog', { name: 'Cancel the rest for Manydays?' })
  await question.getByText(/^Mon,? 5 Apr/).waitFor()
  await question.getByRole('button', { name: 'Cancel 3 days' }).click()
  await page.getByText('3 days are cancelled.').waitFor()
  await detail.getByText('Cancelled', { exact: true }).first().waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await row(page, 'Manydays').nth(2).waitFor({ state: 'detached' })
  assert.equal(await row(page, 'Manydays').count(), 2)
  assert.deepEqual(b.faults, [])
})

test('a group is pasted, mended, registered, checked in and gets its slips', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page)
  const form = await ways(page, 'A group')
  await form.getByLabel('First name, 1').evaluate((field) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', 'Ada\tGroupone\tQuay\tada@example.org\r\nLi\tGrouptwo\t\tnobody\r\n\tGroupthree\r\n')
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  })
  await form.getByLabel('Company of all').fill('Regatta Club')
  await form.getByRole('button', { name: 'Register 3 visitors' }).click()
  await form.getByText('This is not an e-mail address.').waitFor()
  await form.getByLabel('E-mail, 2').fill('li@example.org')
  // What only the server can say.
  await form.getByLabel('Last name, 3').fill('x'.repeat(300))
  await form.getByLabel('First name, 3').fill('Much too long')
  await form.getByRole('button', { name: 'Check only' }).click()
  await form.getByText('2 of 3 are good', { exact: false }).waitFor()
  await form.getByText('This is too long.').waitFor()
  await form.getByLabel('Last name, 3').fill('Groupthree')
  await form.getByRole('button', { name: 'Check only' }).click()
  await form.getByText('All 3 are good.').waitFor()
  await form.getByRole('button', { name: 'Register 3 visitors' }).click()
  await page.getByText('3 visitors are registered.').waitFor()

  await page.goto(board('expected'))
  await search(page, 'regatta')
  await row(page, 'Grouptwo').waitFor()
  // A company of one's own comes before the group's.
  await row(page, 'Groupone').waitFor({ state: 'detached' })
  await search(page, 'group')
  await row(page, 'Groupone').waitFor()
  // By keys: choose one, and the range to another; Enter and Space go on doing what they did.
  await page.evaluate(() => document.activeElement?.blur())
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('x')
  await page.getByText('1 chosen').waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press(' ')
  await page.getByText('2 chosen').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('2 chosen').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Choose several' }).click()
  await page.getByRole('button', { name: 'All 3' }).click()
  await page.getByRole('toolbar').getByRole('button', { name: 'Check in' }).click()
  const question = page.getByRole('dialog', { name: 'Check 3 visitors in?' })
  await question.getByText('Li Grouptwo').waitFor()
  await question.getByRole('button', { name: 'Check in' }).click()
  const access = page.getByRole('dialog', { name: 'WiFi access' })
  await access.getByText('3 visitors have WiFi access.').waitFor()
  const codes = await access.locator('td code').allTextContents()
  assert.equal(new Set(codes).size, 6)
  const login = await control('nas/login', { mac: '02-AA-00-00-00-31', ip: '10.9.0.31', username: codes[0], password: codes[1] })
  assert.equal(login.accepted, true)
  await page.evaluate(() => {
    window.print = () => {}
  })
  await access.getByRole('button', { name: 'Print 3 slips' }).click()
  await page.getByRole('menuitem', { name: /80 mm/ }).click()
  await page.locator('.slip').nth(2).waitFor({ state: 'attached' })
  await page.emulateMedia({ media: 'print' })
  const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1')
  assert.equal([...pdf.matchAll(/\/Type \/Page\b/g)].length, 3, 'a sheet each')
  await page.emulateMedia({ media: 'screen' })
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')))
  await access.getByRole('button', { name: 'Done' }).click()
  assert.deepEqual(b.faults, [])
})

test('a spreadsheet is looked through, mended and registered', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page)
  const form = await ways(page, 'From a spreadsheet')
  const give = async (name, buffer) => {
    const chooser = page.waitForEvent('filechooser')
    await form.getByRole('button', { name: 'Choose a CSV file' }).click()
    await (await chooser).setFiles({ name, mimeType: 'text/csv', buffer })
  }
  await give('old.csv', Buffer.from('first_name;last_name\r\nZo\xeb;Latin\r\n', 'latin1'))
  await form.getByText(/not UTF-8/).waitFor()
  await give('new.csv', Buffer.from('first_name;last_name;email;arrival\r\nZoë;Sheetone;;24.12.2027 09:00\r\nLi;Sheettwo;nobody;\r\nIda;Sheetthree;;1/2/2028\r\n'))
  await form.getByText('1 of 3 are good', { exact: false }).waitFor()
  await form.getByRole('cell', { name: 'D · arrival' }).waitFor()
  await form.getByRole('button', { name: 'Register the one good line' }).waitFor()
  // A line's number leads to it in the text.
  await form.getByRole('button', { name: '3', exact: true }).click()
  const text = form.getByLabel('The file’s text', { exact: false })
  assert.equal(await text.evaluate((f) => f.value.slice(f.selectionStart, f.selectionEnd).trim()), 'Li;Sheettwo;nobody;')
  await text.fill((await text.inputValue()).replace('nobody', 'li@example.org').replace('1/2/2028', '2028-02-01 09:00'))
  await form.getByRole('button', { name: 'Check', exact: true }).click()
  await form.getByText('All 3 are good.').waitFor()
  assert.equal((await call('GET', `/visits?site_id=${stack.site}&tab=expected&q=Sheetone`)).items.length, 0, 'nothing yet')
  await form.getByRole('button', { name: 'Register 3 visits' }).click()
  await page.getByText('3 visitors are registered.').waitFor()
  await page.goto(`${board('expected')}?q=Sheet`)
  await row(page, 'Zoë Sheetone').waitFor()
  assert.deepEqual(b.faults, [])
})

test('who was here before is found by keyboard', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  const keys = page.keyboard
  const host = { name: 'Rita Sommer' }
  await expect('Comesback', { host, visitor: { first_name: 'Ada', last_name: 'Comesback', company: 'Quay', email: 'ada@comesback.example' } })
  await signIn(page)
  await keys.press('n')
  const form = page.getByRole('dialog', { name: 'New visit' })
  await form.getByLabel('Last name').focus()
  await keys.type('comesb')
  await page.getByRole('option', { name: /Ada Comesback.*Quay.*Rita Sommer/ }).waitFor()
  await keys.press('ArrowDown')
  await keys.press('Enter')
  await form.getByText('Has visited before, once.', { exact: false }).waitFor()
  assert.equal(await form.getByLabel('Company').inputValue(), 'Quay')
  assert.equal(await form.getByLabel('Host', { exact: true }).inputValue(), 'Rita Sommer')
  await keys.press('Enter')
  await page.getByRole('dialog', { name: 'WiFi access' }).waitFor()
  const { items } = await call('GET', `/people?q=comesback`)
  assert.deepEqual([items.length, items[0].visits], [1, 2], 'one person')
  await keys.press('Escape')

  // A host is offered nobody.
  await b.context.clearCookies()
  await signIn(page, stack.users.host)
  let asked = false
  page.on('request', (r) => {
    asked ||= r.url().includes('/people')
  })
  await keys.press('n')
  await form.getByLabel('Last name').fill('comesback')
  await form.getByRole('button', { name: 'Register' }).click()
  await page.getByText('comesback is registered for', { exact: false }).waitFor()
  assert.equal(asked, false)
  assert.deepEqual(b.faults, [])
})

test('one device is disconnected, and mistakes are taken back', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page)
  const { visit, voucher } = await walkIn('Onedevice')
  for (const n of ['41', '42']) {
    const login = await control('nas/login', { mac: `02-AA-00-00-00-${n}`, ip: `10.9.0.${n}`, username: voucher.username, password: voucher.password })
    assert.equal(login.accepted, true)
  }
  await page.goto(`${board()}/${visit.id}`)
  const detail = page.getByRole('dialog', { name: 'Ada Onedevice' })
  await detail.getByRole('button', { name: /^Disconnect 02.aa.00.00.00.41/i }).click()
  const question = page.getByRole('dialog', { name: 'Disconnect this device?' })
  await question.getByText('keeps the WiFi access', { exact: false }).waitFor()
  await question.getByRole('button', { name: 'Disconnect' }).click()
  await detail.getByText(/02.aa.00.00.00.41 is disconnected from/i).waitFor()
  await detail.getByRole('button', { name: /^Disconnect 02.aa.00.00.00.42/i }).waitFor()
  await detail.getByText('Asked to disconnect a device').waitFor()

  // Cancelled by mistake: the same visit is registered again.
  await expect('Mistaken', { expected_arrival: new Date(Date.now() + 3_600_000).toISOString() })
  await page.goto(board('expected'))
  const mistaken = row(page, 'Mistaken')
  await mistaken.getByRole('button', { name: /^More for/ }).click()
  await page.getByRole('menuitem', { name: 'Cancel visit' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel visit' }).click()
  await mistaken.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Register again' }).click()
  await mistaken.waitFor()

  // Said to have left, and still here: until when is asked, access is new.
  const late = await walkIn('Stillhere')
  await endSoon(late.visit.id)
  await page.goto(board())
  const still = row(page, 'Stillhere')
  await still.getByText('Overdue', { exact: true }).waitFor()
  await still.getByRole('button', { name: /^Confirm left/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Confirm left' }).click()
  await still.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Still here' }).click()
  const until = page.getByRole('dialog', { name: 'Ada Stillhere stays longer' })
  await until.getByRole('button', { name: '+2 hours' }).click()
  await until.getByRole('button', { name: 'Extend' }).click()
  const access = page.getByRole('dialog', { name: 'WiFi access' })
  assert.notEqual(await access.locator('code').first().textContent(), late.voucher.username)
  await access.getByRole('button', { name: 'Done' }).click()
  await still.getByText('On Site', { exact: true }).waitFor()
  assert.deepEqual(b.faults, [])
})

test('all of a tab is printed, not only what is in sight', async (t) => {
  const b = await launch({ colorScheme: 'dark' })
  t.after(() => b.close())
  const { page } = b
  const visits = Array.from({ length: 150 }, (_, i) => ({
    site_id: stack.site,
    visitor: { first_name: 'Paper', last_name: `Row ${i}` },
    expected_arrival: new Date(Date.now() + (100 + i) * 60_000).toISOString(),
  }))
  await call('POST', '/visits/batch', { visits })
  await signIn(page)
  await page.goto(`${board('expected')}?q=Paper`)
  await row(page, 'Row 0').first().waitFor()
  await page.evaluate(() => {
    window.print = () => {}
  })
  await page.keyboard.press('Control+p')
  await page.locator('.sheet').waitFor({ state: 'attached' })
  await page.emulateMedia({ media: 'print' })
  const seen = await page.locator('body > :visible').evaluateAll((all) => all.map((e) => e.className))
  assert.deepEqual(seen, ['sheet'])
  assert.equal(await page.locator('.sheet tbody td:first-child').count(), 150)
  assert.match(await page.locator('.sheet thead').innerText(), /Harbour House.*Expected.*search: Paper.*\d\d:\d\d/)
  const colours = await page.locator('.sheet').evaluate((e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor])
  assert.deepEqual(colours, ['rgb(0, 0, 0)', 'rgb(255, 255, 255)'])
  assert.deepEqual(b.faults, [])
})

test('the forms and questions are clean', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page)
  /** Questions are all made of the same parts: most of them are for the pictures alone. */
  const shown = async (name, ready, { picture = false, ...options } = {}) => {
    await ready.waitFor()
    if (picture && !process.env.FOYER_SHOTS) return
    await look(b, name, { short: true, ...options })
    await page.setViewportSize({ width: 1440, height: 1000 })
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  }
  const closed = async (filled) => {
    await page.keyboard.press('Escape')
    if (filled) await page.getByRole('button', { name: 'Leave', exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }
  const dialog = page.getByRole('dialog')

  await page.getByRole('button', { name: 'More ways to register' }).click()
  await shown('new-menu', page.getByRole('menuitem', { name: 'A group' }), { popup: true, picture: true })
  await page.keyboard.press('Escape')
  await (await ways(page, 'Several days')).getByLabel('Last name').fill('Looker')
  await dialog.getByLabel('First day').fill('2027-03-24')
  await dialog.getByLabel('Last day').fill('2027-04-16')
  await shown('series', dialog.getByText('18 days, each', { exact: false }))
  await closed('filled')
  await ways(page, 'A group')
  await dialog.getByLabel('First name, 1').fill('Ada')
  await dialog.getByLabel('E-mail, 2').fill('nobody')
  await dialog.getByRole('button', { name: 'Register 2 visitors' }).click()
  await shown('group', dialog.getByText('A visitor needs a name.', { exact: false }))
  await closed('filled')
  await ways(page, 'From a spreadsheet')
  await dialog.getByText('Which columns a file has').click()
  await shown('import-empty', dialog.getByText('host_email'), { picture: true })
  await dialog.getByLabel('The file’s text', { exact: false }).fill('last_name,email\nLooker,\nLooker,nobody\n')
  await dialog.getByRole('button', { name: 'Check', exact: true }).click()
  await shown('import', dialog.getByRole('cell', { name: 'B · email' }))
  await closed('filled')

  await expect('Looker', { visitor: { first_name: 'Ada', last_name: 'Looker', company: 'Quay & Sons' }, host: { name: 'Rita Sommer' } })
  const series = { from: '2027-03-24', to: '2027-04-01', arrives: '09:00', departs: '17:00' }
  const { visits } = await call('POST', '/visits/series', { site_id: stack.site, visitor: { last_name: 'Lookseries' }, series })
  await page.keyboard.press('n')
  await dialog.getByLabel('Last name').pressSequentially('looker')
  await shown('returning', page.getByRole('option').first(), { popup: true })
  await page.getByRole('option').first().click()
  await shown('returned', dialog.getByText('Has visited before', { exact: false }), { picture: true })
  await closed('filled')
  await page.goto(`${board('expected')}/${visits[1].id}`)
  await page.getByText('Day 2 of 9').click()
  await shown('detail-series', page.getByRole('button', { name: 'Cancel the rest' }))
  await page.getByRole('button', { name: 'Cancel the rest' }).click()
  await shown('cancel-series', page.getByRole('button', { name: 'Cancel 8 days' }), { picture: true })

  await page.goto(`${board('expected')}?q=Look`)
  await row(page, 'Ada Looker').waitFor()
  const menu = async (item, name = 'Ada Looker') => {
    await row(page, name).first().getByRole('button', { name: /^More for/ }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  await menu('Change visit')
  await shown('change', page.getByRole('button', { name: 'Save' }), { picture: true })
  await closed()
  await menu('Cancel visit')
  await shown('cancel', page.getByRole('button', { name: 'Keep the visit' }))
  await closed()
  await page.getByRole('button', { name: 'Choose several' }).click()
  await page.getByRole('button', { name: /^All / }).click()
  await shown('choosing', page.getByText(/chosen$/))
  await row(page, 'Lookseries').first().click({ modifiers: ['Shift'] })
  await page.getByRole('button', { name: 'Stop choosing' }).click()
  // On a phone one menu holds all that is done with a list.
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('button', { name: 'More for this list' }).click()
  await page.getByRole('menuitem', { name: 'Print this list' }).waitFor()
  await page.getByRole('menuitem', { name: 'Choose several' }).click()
  await row(page, 'Ada Looker').click()
  await page.getByRole('toolbar').getByRole('button', { name: 'Check in' }).click()
  await shown('check-in-many', page.getByRole('dialog', { name: 'Check 1 visitor in?' }), { picture: true })
  await dialog.getByRole('button', { name: 'Check in' }).click()
  await shown('accesses', page.getByText('1 visitor has WiFi access.'))
  await page.getByRole('button', { name: 'Done' }).click()

  await page.goto(`${board()}?q=Looker`)
  await row(page, 'Ada Looker').waitFor()
  await menu('New credentials')
  await shown('reissue', page.getByRole('button', { name: 'Make new credentials' }), { picture: true })
  await closed()
  const { items } = await call('GET', `/visits?site_id=${stack.site}&tab=on_site&q=Looker`)
  await endSoon(items[0].id)
  await row(page, 'Ada Looker').getByText('Overdue', { exact: true }).waitFor()
  await row(page, 'Ada Looker').getByRole('button', { name: /^Extend/ }).click()
  await shown('stay', page.getByRole('dialog', { name: 'Ada Looker stays longer' }))
  await closed()
  await row(page, 'Ada Looker').getByRole('button', { name: /^Confirm left/ }).click()
  await shown('confirm-left', page.getByRole('dialog', { name: 'Has Ada Looker left?' }), { picture: true })
  await dialog.getByRole('button', { name: 'Confirm left' }).click()
  await row(page, 'Ada Looker').waitFor({ state: 'detached' })
  await page.goto(`${board('completed')}?q=Looker`)
  await row(page, 'Ada Looker').waitFor()
  await menu('Check in again')
  await shown('readmit', page.getByRole('dialog', { name: 'Check Ada Looker in again?' }), { picture: true })
  assert.deepEqual(b.faults, [])
})

test('the pages around signing in are clean', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  const shown = async (name, ready) => {
    await ready.waitFor()
    await look(b, name, { short: true })
  }
  // Mail, the provider and the second factor are made up: how they look is what is looked at.
  await page.route('**/api/v1/login', (route) =>
    route.request().method() === 'GET'
      ? route.fulfill({ json: { sign_on: 'Harbour ID', mail: true } })
      : route.fulfill({
          status: 401,
          contentType: 'application/problem+json',
          body: JSON.stringify({ type: 'urn:foyer:problem:totp_required', status: 401, detail: '' }),
        }),
  )
  await page.goto('/forgot')
  await page.getByLabel('E-mail').fill('nobody@example.org')
  await shown('forgot', page.getByRole('button', { name: 'Send me a link' }))
  await page.goto('/reset#no-such-token')
  await page.getByLabel('New password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Set password' }).click()
  await shown('reset', page.getByText('This link is not valid.', { exact: false }))
  await page.goto('/sign-in?problem=oidc_no_role')
  await shown('sign-in-elsewhere', page.getByText('Sign in with Harbour ID'))
  await page.getByLabel('E-mail').fill('ada@example.org')
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await shown('second-factor', page.getByLabel('Code'))
  assert.deepEqual(b.faults, [])
})
