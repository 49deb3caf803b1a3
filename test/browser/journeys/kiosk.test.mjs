// A screen in the lobby: what a visitor does there, and that nothing of it stays.
import assert from 'node:assert/strict'
import test from 'node:test'
import { call, control, expect, launch, signIn, stack } from '../browser.mjs'
import { look } from '../look.mjs'

const site = `/sites/${stack.site}`
const rules = (en, de) => call('PUT', `${site}/rules`, { texts: { en, de } })

/** A screen that was just paired, and its id. */
async function paired(t, options) {
  const b = await launch(options)
  t.after(() => b.close())
  const { kiosk, code } = await call('POST', `${site}/kiosks`, { name: 'Lobby', walk_ins: true })
  return { b, id: kiosk.id, code }
}

async function pair(page, code) {
  await page.getByLabel('Code of six digits').fill(code)
  await page.getByRole('button', { name: 'Pair' }).click()
  await welcome(page)
}

const welcome = (page) => page.getByRole('heading', { name: 'What can we do for you?' }).waitFor()

/** What was mailed: the link, which is in the QR code, and the short code. */
async function invited(last) {
  const { visit } = await expect(last)
  const { url } = await control('invitation', { visit: visit.id })
  const page = await (await fetch(url)).text()
  const code = page.match(/<dd class="code">(.*?)<\/dd>/)[1].replace(/<[^>]+>/g, '')
  return { id: visit.id, url, code }
}

/** A barcode scanner types, wherever the focus is, and ends with Enter. */
async function scan(page, text) {
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

/** Everything that a page could be found in later. */
const remains = (page) =>
  page.evaluate(async () =>
    JSON.stringify([
      document.documentElement.outerHTML,
      [...document.querySelectorAll('input')].map((i) => i.value),
      { ...localStorage },
      { ...sessionStorage },
      history.state,
      location.href,
      document.cookie,
      await caches.keys(),
      (await indexedDB.databases()).map((d) => d.name),
    ]),
  )

/** What the evacuation page keeps on the device. */
const kept = (page) =>
  page.evaluate(async () => {
    const result = (request) => new Promise((done) => (request.onsuccess = () => done(request.result)))
    const db = await result(indexedDB.open('foyer-evacuation'))
    const rows = await result(db.transaction('kept').objectStore('kept').getAll())
    db.close()
    return JSON.stringify([...rows, ...(await caches.keys())])
  })

test('an invitation is typed, scanned again and checked out, and nothing stays', async (t) => {
  const more = Array.from({ length: 12 }, (_, i) => `${i + 2}. What the house asks of its guests, so that everybody is well here.`)
  await rules(['1. Stay with your host.', ...more].join('\n\n'), 'Tragen Sie Ihren Ausweis.')
  t.after(() => rules('', ''))
  const { b, code } = await paired(t)
  const { page } = b
  // Before it was a kiosk, somebody looked at the evacuation list in this browser.
  await expect('Kioskearlier').then(({ visit }) => call('POST', `/visits/${visit.id}/check-in`))
  await signIn(page)
  await page.goto(`${site}/evacuation`)
  await page.getByText('also opens without a network', { exact: false }).waitFor()
  while (!(await kept(page)).includes('Kioskearlier')) await page.evaluate(() => new Promise(requestAnimationFrame))
  await page.goto('/kiosk')
  await page.getByLabel('Code of six digits').fill('000000')
  await page.getByRole('button', { name: 'Pair' }).click()
  await page.getByText('This code is not right', { exact: false }).waitFor()
  await look(b, 'kiosk-pair')
  await pair(page, code)
  assert.equal(await kept(page), '[]')
  await look(b, 'kiosk-welcome')
  const steps = await page.evaluate(() => history.length)

  await page.getByRole('button', { name: 'Polski' }).click()
  await page.getByRole('heading', { name: 'Co chcesz zrobić?' }).waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'pl')
  await page.getByRole('button', { name: 'Deutsch' }).click()
  await page.getByRole('button', { name: 'Einladung scannen' }).click()
  await page.getByRole('heading', { name: 'Zeigen Sie Ihre Einladung' }).waitFor()
  await page.getByRole('button', { name: 'Von vorn' }).click()
  await welcome(page) // the next one begins in the browser's language

  const guest = await invited('Kiosktyped')
  await page.getByRole('button', { name: 'Scan invitation' }).click()
  await page.getByText('This browser cannot read codes with a camera.', { exact: false }).waitFor()
  await page.getByLabel('Or type its code').fill(guest.code.slice(0, 7))
  await page.keyboard.press('Enter')
  await page.getByText('That is not a whole code.', { exact: false }).waitFor()
  await look(b, 'kiosk-scan', { short: true })
  await page.getByLabel('Or type its code').fill(` ${guest.code.slice(0, 4).toUpperCase()} ${guest.code.slice(4)}`)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Hello Ada' }).waitFor()
  await page.getByText('Stay with your host.', { exact: false }).waitFor()
  await look(b, 'kiosk-rules')
  await page.getByRole('button', { name: 'I accept, check in' }).click()
  await page.getByRole('heading', { name: 'Welcome, Ada' }).waitFor()
  await page.getByRole('img', { name: /joins the network Harbour Guests/ }).waitFor()
  await page.getByRole('button', { name: 'Harbour Rooms' }).click()
  await page.getByText('pass;phrase').waitFor()
  await look(b, 'kiosk-access')
  const secret = (label) => page.locator('dl > div').filter({ hasText: label }).locator('dd').textContent()
  const [username, password] = [await secret('User name'), await secret('Password')]
  assert.match(username, /^v-[2-9a-z]{8}$/)
  assert.match(password, /^[2-9a-z]{12}$/, 'groups are style alone')
  const login = await control('nas/login', { mac: '02-AA-00-00-00-91', ip: '10.9.0.91', username, password })
  assert.equal(login.accepted, true)
  const { visit } = await call('GET', `/visits/${guest.id}`)
  assert.ok(visit.rules_version > 0 && visit.rules_accepted_by.startsWith('kiosk:'))
  await page.getByRole('button', { name: 'Done' }).click()
  await welcome(page)

  const left = await remains(page)
  for (const secret of [username, password, guest.code, guest.url.slice(-52), 'Ada', 'Kiosktyped']) {
    assert.equal(left.includes(secret), false, `${secret} is still there`)
  }
  assert.equal(await page.evaluate(() => history.length), steps, 'there is nothing to go back to')

  // Scanned a moment later, the same screen shows it again.
  await scan(page, guest.url)
  await page.getByRole('heading', { name: 'Welcome, Ada' }).waitFor()
  assert.equal(await secret('Password'), password)
  await page.getByRole('button', { name: 'Start over' }).click()

  await page.getByRole('button', { name: 'Check out' }).click()
  await page.getByLabel('User name of your WiFi access').fill('v-22222222')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Check out now?' }).waitFor()
  await look(b, 'kiosk-check-out', { short: true })
  await page.getByRole('button', { name: 'Check out' }).click()
  await page.getByRole('heading', { name: 'We do not find this here' }).waitFor()
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Check out' }).click()
  await page.getByLabel('User name of your WiFi access').fill(username.slice(2))
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Check out' }).click()
  await page.getByRole('heading', { name: 'You are checked out' }).waitFor()
  assert.equal((await call('GET', `/visits/${guest.id}`)).visit.status, 'checked_out')
  await page.getByRole('button', { name: 'Done' }).click()
  await scan(page, guest.url)
  await page.getByRole('heading', { name: 'This visit is over' }).waitFor()
  assert.deepEqual(b.faults, [])
})

test('a walk-in is forgotten when nobody touches the screen; cut off and revoked, it says so', async (t) => {
  await rules('Wear your badge.', 'Tragen Sie Ihren Ausweis.')
  t.after(() => rules('', ''))
  const { b, id, code } = await paired(t)
  const { page } = b
  await page.clock.install()
  await page.goto('/kiosk')
  await pair(page, code)
  await page.getByRole('button', { name: 'Français' }).click()
  await page.getByRole('heading', { name: 'Que souhaitez-vous faire' }).waitFor()
  await page.clock.fastForward(31_000)
  await welcome(page) // the language goes as well
  await page.getByRole('button', { name: 'I have no invitation' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('Please type your name.').waitFor()
  await look(b, 'kiosk-name', { short: true })
  await page.getByLabel('First name').fill('Bea')
  await page.clock.fastForward(15_000)
  await page.getByText('This screen clears in', { exact: false }).first().waitFor()
  await page.getByRole('button', { name: 'Keep open' }).click()
  await page.clock.fastForward(20_000)
  await page.getByLabel('Last name').fill('Kioskwalker')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Which company are you from?' }).waitFor()
  await page.keyboard.press('Enter') // skipped
  await page.getByLabel('Name of your host (optional)').fill('Eva Brandt')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Hello Bea' }).waitFor()
  await rules('Wear your badge. Always.', 'Tragen Sie immer Ihren Ausweis.')
  await page.getByRole('button', { name: 'I accept, check in' }).click()
  await page.getByText('The rules have just changed.', { exact: false }).waitFor()
  await page.getByText('Always.', { exact: false }).waitFor()
  await page.getByRole('button', { name: 'I accept, check in' }).click()
  await page.getByRole('heading', { name: 'Welcome, Bea' }).waitFor()
  const found = await call('GET', `/visits?site_id=${stack.site}&tab=on_site&q=Kioskwalker`)
  assert.deepEqual(found.items.map((v) => v.host.name), ['Eva Brandt'])
  await page.keyboard.press('Shift') // touching does not keep credentials on the screen
  await page.clock.fastForward(31_000)
  await welcome(page)
  assert.equal((await remains(page)).includes('Bea'), false)
  await page.getByRole('button', { name: 'I have no invitation' }).click()
  assert.equal(await page.getByLabel('First name').inputValue(), '', 'nor in the form')
  assert.equal(await page.getByLabel('First name').getAttribute('autocomplete'), 'off')
  await page.getByRole('button', { name: 'Start over' }).click()

  const guest = await invited('Kioskcut')
  await control('cut')
  await scan(page, guest.url)
  await page.getByText('This screen cannot reach reception’s system.').waitFor()
  await page.getByRole('button', { name: 'Done' }).click()
  await page.clock.fastForward(30_000)
  await page.getByText('This screen cannot reach reception’s system.').waitFor()
  await look(b, 'kiosk-away', { short: true })
  await control('restore')
  await page.clock.fastForward(5_000)
  await welcome(page)

  await call('DELETE', `${site}/kiosks/${id}`)
  await page.clock.fastForward(30_000)
  await page.getByRole('heading', { name: 'Make this screen a kiosk' }).waitFor()
  assert.deepEqual(b.faults, [])
})

test('a camera reads an invitation, and is off afterwards', async (t) => {
  const { b, code } = await paired(t)
  const { page } = b
  // Stands for a browser that has a detector, and for somebody who holds a code in front of it.
  await page.addInitScript(() => {
    window.BarcodeDetector = class {
      detect = async () => (window.inFront ? [{ rawValue: window.inFront }] : [])
    }
    navigator.mediaDevices.getUserMedia = async () => {
      const canvas = document.createElement('canvas')
      canvas.getContext('2d').fillRect(0, 0, 10, 10)
      window.seen = canvas.captureStream(10)
      return window.seen
    }
  })
  await page.goto('/kiosk')
  await pair(page, code)
  await page.getByRole('button', { name: 'Scan invitation' }).click()
  await page.getByLabel('What the camera sees').waitFor()
  const guest = await invited('Kioskcamera')
  await page.evaluate((url) => (window.inFront = url), guest.url)
  await page.getByRole('button', { name: 'Check in' }).click()
  await page.getByRole('heading', { name: 'Welcome, Ada' }).waitFor()
  assert.equal(await page.evaluate(() => window.seen.getTracks()[0].readyState), 'ended')
  assert.deepEqual(b.faults, [])
})
