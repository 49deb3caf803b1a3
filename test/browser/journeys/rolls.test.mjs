// Roll codes: zones and rolls are made, codes are printed, tested, used, sold and ended,
// by who may.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import test from 'node:test'
import { call, control, launch, signIn, stack } from '../browser.mjs'
import { look } from '../look.mjs'
import { pagesOf } from '../pdf.mjs'

const at = (page) => `/sites/${stack.site}/rolls/${page}`
const zones = `/sites/${stack.site}/zones`
const line = (page, name) => page.getByRole('listitem').filter({ hasText: name })

/** Waits until the agents know everything that was changed. */
async function followed() {
  for (;;) {
    const { items } = await call('GET', `/sites/${stack.site}/agents`)
    if (items.every((a) => a.state !== 'connected' || a.lag === 0)) return
  }
}

/** A page on which nothing waits for a printer. */
async function open(t, user) {
  const b = await launch()
  t.after(() => b.close())
  await b.context.addInitScript(() => {
    window.print = () => {}
  })
  await signIn(b.page, stack.users[user], b.page.getByRole('navigation', { name: 'Sections' }))
  return b
}

/** Looks, and goes back to a desk's screen. */
async function seen(b, name) {
  await look(b, name, { short: true })
  await b.page.setViewportSize({ width: 1440, height: 1000 })
}

async function printed(page) {
  await page.locator('body > .codes').waitFor({ state: 'attached' })
  await page.emulateMedia({ media: 'print' })
  const codes = await page.locator('.codes .code').allInnerTexts()
  if (process.env.FOYER_SHOTS) await page.screenshot({ path: `shots/codes-${codes.length}.png` })
  const pdf = await page.pdf({ preferCSSPageSize: true }) // having printed, the sheet is gone
  await page.emulateMedia({ media: 'screen' })
  await page.locator('body > .codes').waitFor({ state: 'detached' })
  return { pdf, codes }
}

test('long codes: made, printed, tested, used at an access point, ended', async (t) => {
  const b = await open(t, 'site_manager')
  const { page } = b
  await page.goto(at(''))
  await page.getByText('No zone yet.', { exact: false }).waitFor()
  await seen(b, 'zones-empty')
  await page.getByRole('button', { name: 'Add a zone' }).click()
  await page.getByRole('dialog').getByRole('radio', { name: /^Long codes/ }).waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()
  const form = page.getByRole('dialog', { name: 'Add a zone of long codes' })
  await form.getByRole('button', { name: 'Add', exact: true }).click()
  await form.getByText('A zone needs a name.').waitFor()
  await form.locator('input:focus[aria-invalid=true]').fill('Café')
  await form.getByRole('button', { name: 'Add an access point' }).click()
  const { items: nases } = await call('GET', `/sites/${stack.site}/nases`)
  await form.getByLabel('Access point 1', { exact: true }).selectOption(nases.find((n) => n.source === '127.0.0.1/32').id)
  await form.getByLabel('Text for an expired code').fill('Your time is over. Ask at the bar.')
  await seen(b, 'zone-form')
  await form.getByRole('button', { name: 'Add', exact: true }).click()

  await page.getByRole('heading', { name: 'Café' }).waitFor()
  await page.getByText('No roll yet.', { exact: false }).waitFor()
  const zone = page.url().split('/').at(-1)
  t.after(() => call('DELETE', `${zones}/${zone}`))
  await page.getByRole('button', { name: 'Make a roll' }).click()
  const make = page.getByRole('dialog', { name: 'Make a roll' })
  await make.getByLabel('How many codes').fill('0')
  await make.getByRole('button', { name: 'Make the roll' }).click()
  await make.getByText('1 to 10000').waitFor()
  await make.getByLabel('How many codes').fill('40')
  await make.getByLabel('Description').fill('Bar, summer')
  await seen(b, 'roll-form')
  await make.getByRole('button', { name: 'Make the roll' }).click()
  const roll = line(page, 'Roll 1: 2 hours per code')
  await roll.getByText('40 ready').waitFor()

  await roll.getByRole('button', { name: 'Print Roll 1' }).click()
  const print = page.getByRole('dialog', { name: 'Print Roll 1' })
  await seen(b, 'print-codes')
  await print.getByRole('button', { name: 'Print 40 codes' }).click()
  const sheet = await printed(page)
  assert.equal(sheet.codes.length, 40)
  const paper = pagesOf(sheet.pdf)
  assert.equal(paper.length, 3, 'eighteen codes a page')
  assert.match(paper[2].replaceAll('\n', ' '), /Harbour House: Café, roll 1\. Printed/)
  assert.match(paper[0].replaceAll(/\s+/g, ' '), /2 hours from/)
  await print.getByLabel('As', { exact: true }).selectOption('Receipts (80 mm)')
  await print.getByLabel('From ticket').fill('7')
  await print.getByLabel('To ticket').fill('8')
  await print.getByRole('button', { name: 'Print 2 codes' }).click()
  const receipts = await printed(page)
  assert.deepEqual(receipts.codes, sheet.codes.slice(6, 8))
  assert.equal(pagesOf(receipts.pdf).length, 2)
  await print.getByLabel('As', { exact: true }).selectOption('Table (CSV)')
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    print.getByRole('button', { name: 'Download 2 codes' }).click(),
  ])
  assert.match(await readFile(await file.path(), 'utf8'), new RegExp(`^ticket,code,roll,seconds\r?\n7,${sheet.codes[6]},1,7200\r?\n8,`))
  await print.getByRole('button', { name: 'Done' }).click()

  const [first, second] = sheet.codes
  await followed()
  const login = { mac: '02-AA-00-00-00-71', username: first, password: first }
  const answer = await control('nas/login', login)
  assert.equal(answer.accepted, true)
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Active' }).click()
  const used = line(page, first)
  await used.getByText(/^1 h 59 min left$/).waitFor({ timeout: 20_000 })
  await seen(b, 'active-codes')

  await page.goto(at('test'))
  await page.getByLabel('Codes', { exact: true }).fill(`${first.toLowerCase()} ${second}`)
  await page.getByRole('button', { name: 'Test 2 codes' }).click()
  await page.getByText('These would let a guest in, for 3 hours', { exact: false }).waitFor()
  await page.getByLabel('Codes', { exact: true }).fill(`${second}\n${second}\n${second.slice(0, -1)}\nnonsense`)
  await page.getByRole('button', { name: 'Test 4 codes' }).click()
  await page.getByText('A guest would read:', { exact: false }).waitFor()
  await line(page, 'nonsense').getByText('fifteen letters and digits', { exact: false }).waitFor()
  await seen(b, 'test-codes')

  await page.goto(at('active'))
  await used.getByRole('button', { name: 'End roll 1, ticket 1' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click()
  await page.getByText('No code is in use.', { exact: false }).waitFor()

  await page.goto(at('expire'))
  await page.getByLabel('Codes', { exact: true }).fill(`${first}\n\n${second}\nnonsense\n`)
  await page.getByRole('button', { name: 'Expire 3 codes' }).click()
  const sure = page.getByRole('dialog', { name: 'Expire 3 codes?' })
  await sure.getByText('This cannot be undone.', { exact: false }).waitFor()
  await sure.getByRole('button', { name: 'Expire 3 codes' }).click()
  await page.getByText('1 code was ended.').waitFor()
  await page.getByText('1 was over already.').waitFor()
  await line(page, 'nonsense').getByText('line 3').waitFor()
  await seen(b, 'expire-codes')
  await followed()
  assert.equal((await control('nas/login', { ...login, username: second, password: second })).accepted, false)

  await page.goto(at('zones'))
  await line(page, 'Café').getByText('38 ready').waitFor()
  await line(page, 'Café').getByRole('switch', { name: 'Café accepts codes' }).press(' ')
  await page.getByText('Café is off', { exact: false }).waitFor()
  await seen(b, 'zones')
  await page.getByRole('link', { name: 'Café' }).click()
  await roll.getByText('2 used').waitFor()
  await seen(b, 'zone')
  assert.deepEqual(b.faults, [])
})

test('compatible codes come with a warning, and changing what they are made with must be meant', async (t) => {
  const b = await open(t, 'site_manager')
  const { page } = b
  await page.goto(at('zones'))
  await page.getByRole('button', { name: 'Add a zone' }).click()
  await page.getByRole('radio', { name: /^pfSense-compatible/ }).check()
  await page.getByText('Whoever has 2 printed codes can work out every code', { exact: false }).waitFor()
  await seen(b, 'zone-kind')
  await page.getByRole('button', { name: 'Continue' }).click()
  const form = page.getByRole('dialog', { name: 'Add a pfSense-compatible zone' })
  await form.getByText('up to 6 characters under a key of 32 bits', { exact: false }).waitFor()
  await form.getByLabel('Keys').selectOption('A fresh pair, 64 bits')
  await form.getByText('3 printed codes in a row', { exact: false }).waitFor()
  await form.getByText('up to 12 characters under a key of 64 bits', { exact: false }).waitFor()
  await form.getByLabel('Character set').fill('0123456789')
  await form.getByText('up to 20 characters', { exact: false }).waitFor()
  await form.getByLabel('Name', { exact: true }).fill('Lake')
  await seen(b, 'zone-form-compatible')
  await form.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { name: 'Lake' }).waitFor()
  const zone = page.url().split('/').at(-1)
  t.after(() => call('DELETE', `${zones}/${zone}`))
  await page.getByRole('button', { name: 'Make a roll' }).click()
  assert.equal(await page.getByLabel('Only once sold').isChecked(), true)
  await page.getByRole('button', { name: 'Make the roll' }).click()
  const roll = line(page, 'Roll 1: 2 hours')
  await roll.getByText('0 sold').waitFor()

  const change = async () => {
    const part = page.getByRole('region', { name: 'This zone' })
    await part.getByRole('button', { name: /^More for Lake/ }).click()
    await page.getByRole('menuitem', { name: 'Change' }).click()
    await page.getByLabel('Character set').fill('0123456789ab')
    await page.getByRole('button', { name: 'Save' }).click()
    return page.getByRole('dialog', { name: 'End the codes of Lake?' })
  }
  let sure = await change()
  await sure.getByText('100 codes that were never used').waitFor()
  await seen(b, 'retire')
  assert.equal(await sure.getByRole('button', { name: /^Change and end/ }).isDisabled(), true)
  await sure.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('Nothing was changed', { exact: false }).waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  sure = await change()
  await sure.getByLabel(/^I mean it/).check()
  await sure.getByRole('button', { name: /^Change and end/ }).click()
  await sure.waitFor({ state: 'detached' })
  await roll.waitFor({ state: 'detached' })
  assert.equal((await call('GET', `${zones}/${zone}`)).series.alphabet, '0123456789ab')
  assert.deepEqual(b.faults, [])
})

test('a cashier makes, prints, sells, tests and ends codes, and changes nothing else', async (t) => {
  const made = await call('POST', zones, { name: 'Kiosk window', kind: 'long' })
  t.after(() => call('DELETE', `${zones}/${made.id}`))
  const b = await open(t, 'cashier')
  const { page } = b
  const nav = page.getByRole('navigation', { name: 'Sections' })
  await page.getByRole('heading', { name: 'Zones', exact: true }).waitFor()
  assert.deepEqual(await nav.getByRole('link').allInnerTexts(), ['Roll codes', 'Zones', 'Active', 'Test', 'Expire'])
  await line(page, 'Kiosk window').waitFor()
  for (const role of ['button', 'switch']) assert.equal(await page.getByRole('main').getByRole(role).count(), 0)
  await page.getByRole('link', { name: 'Kiosk window' }).click()
  await page.getByRole('button', { name: 'Make a roll' }).click()
  const make = page.getByRole('dialog', { name: 'Make a roll' })
  await make.getByLabel('How many codes').fill('5')
  await make.getByLabel('Only once sold').check()
  await make.getByRole('button', { name: 'Make the roll' }).click()
  const roll = line(page, 'Roll 1: 2 hours')
  await roll.getByRole('button', { name: /^More for Roll 1/ }).click()
  await page.getByRole('menuitem').first().waitFor()
  assert.deepEqual(await page.getByRole('menuitem').allInnerTexts(), ['Mark as sold'])
  await page.getByRole('menuitem').click()
  const sell = page.getByRole('dialog', { name: 'Mark codes of Roll 1 as sold' })
  await sell.getByLabel('To ticket').fill('2')
  await seen(b, 'sell')
  await sell.getByRole('button', { name: 'Mark 2 codes' }).click()
  await roll.getByText('2 sold').waitFor()
  await seen(b, 'zone-cashier')
  await page.goto(at('../network/agents'))
  await page.getByText('You may not do this.').waitFor()
  assert.deepEqual(b.faults, [])
})
