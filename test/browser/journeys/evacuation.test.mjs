// Who may be in the building, when it matters: shared by phones, without a network,
// on paper. At a site of its own, so that the list is this file's.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { call, control, endSoon, inMinutes, launch, signIn, stack } from '../browser.mjs'
import { look } from '../look.mjs'
import { pagesOf } from '../pdf.mjs'

/** Generous: the figures are for benchmarks, this finds that it does not happen. */
const soon = { timeout: 5_000 }

let wardens = 0

/** A site with people in it, and who looks for them there. */
async function house(...names) {
  const site = await call('POST', '/sites', { name: `Mill ${++wardens}`, timezone: 'Europe/Berlin' })
  const visits = {}
  for (const name of names) {
    const body = { site_id: site.id, visitor: { first_name: 'Ada', last_name: name, company: 'Quay & Sons' }, host: { name: 'Eva Brandt' }, check_in: true }
    visits[name] = (await call('POST', '/visits', body)).visit
  }
  const warden = async (name) => {
    const user = { email: `${name}-${wardens}@example.org`.toLowerCase(), password: stack.users.reception.password }
    await call('POST', '/users', { ...user, name, role: 'reception', sites: [site.id] })
    return user
  }
  return { site, visits, warden, at: `/sites/${site.id}/evacuation` }
}

async function open(t, house, name, options = {}) {
  const user = await house.warden(name)
  const b = await launch(options)
  t.after(() => b.close())
  await signIn(b.page, user)
  await b.page.goto(house.at)
  await b.page.getByRole('heading', { name: 'Evacuation list' }).waitFor()
  return { ...b, user }
}

const person = (page, name) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: `Ada ${name}` }) })
const say = (page, what, name) => page.getByRole('button', { name: `${what}: Ada ${name}`, exact: true })
const progress = (page, text) => page.getByText(text, { exact: true }).waitFor(soon)

async function start(page, kind) {
  await page.getByRole('button', { name: 'Start roll call' }).click()
  await page.getByRole('dialog').getByRole('button', { name: kind }).click()
}

/** In the page: returns when the roll call is on the device's disk, in whatever state; marks are once the page says so. */
async function untilKept() {
  const result = (request) => new Promise((done) => (request.onsuccess = () => done(request.result)))
  const db = await result(indexedDB.open('foyer-evacuation'))
  const roll = async () => (await result(db.transaction('kept').objectStore('kept').getAll()))[0]?.call
  while (!(await roll())) await new Promise(requestAnimationFrame)
  db.close()
}

test('a roll call on two phones, from the alarm to the report', async (t) => {
  const h = await house('Anders', 'Brook', 'Castle')
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true }
  const [one, two] = await Promise.all([open(t, h, 'Anna', phone), open(t, h, 'Ben', phone)])
  await one.page.getByText('Not staff, not guests of the portal', { exact: false }).waitFor()
  await one.page.getByText('3 visitors').waitFor()
  await one.page.getByRole('searchbox', { name: 'Search by name' }).fill('broo')
  await person(one.page, 'Anders').waitFor({ state: 'detached' })
  await person(one.page, 'Brook').getByText('visits Eva Brandt', { exact: false }).waitFor()

  await start(one.page, 'Real evacuation')
  for (const { page } of [one, two]) {
    await page.getByRole('heading', { name: 'Evacuation', exact: true }).waitFor(soon)
    await progress(page, '0 of 3 accounted for')
  }
  // Names and targets for people who run, in the rain.
  const box = await say(two.page, 'Safe', 'Anders').boundingBox()
  assert.ok(box.height >= 56 && box.width >= 56, JSON.stringify(box))
  const letters = await two.page.getByRole('heading', { name: 'Ada Anders' }).evaluate((e) => Number.parseFloat(getComputedStyle(e).fontSize))
  assert.ok(letters >= 20)

  const began = Date.now()
  await say(one.page, 'Safe', 'Anders').click()
  await person(two.page, 'Anders').getByText('Anna', { exact: false }).waitFor(soon)
  t.diagnostic(`a mark seen on the other phone after ${Date.now() - began} ms`)
  await progress(two.page, '1 of 3 accounted for')

  // They contradict each other: unclear, and not accounted for, until one comes round.
  await say(two.page, 'Missing', 'Anders').click()
  for (const { page } of [one, two]) {
    await person(page, 'Anders').getByText('Unclear').waitFor(soon)
    await person(page, 'Anders').getByText(/Safe: Anna, \d\d:\d\d, Missing: Ben/).waitFor(soon)
    await progress(page, '0 of 3 accounted for')
    assert.equal(await say(page, 'Safe', 'Anders').getAttribute('aria-pressed'), 'false')
  }
  await say(two.page, 'Safe', 'Anders').click()
  await progress(one.page, '1 of 3 accounted for')

  // Who comes in later is on it, marked; who was checked out meanwhile stays on it.
  await call('POST', '/visits', { site_id: h.site.id, visitor: { first_name: 'Ada', last_name: 'Dover' }, check_in: true })
  await person(one.page, 'Dover').getByText('after the start', { exact: false }).waitFor(soon)
  await call('POST', `/visits/${h.visits.Brook.id}/check-out`)
  await person(one.page, 'Brook').getByText('checked out at', { exact: false }).waitFor(soon)

  // Only who is still looked for; the list does not move under the thumb.
  await one.page.getByRole('button', { name: 'Unaccounted (3)' }).click()
  await person(one.page, 'Anders').waitFor({ state: 'detached' })
  // Looked at in the very frame in which the mark counts: the moment is a short one.
  const counted = one.page.waitForFunction(() => {
    const text = document.querySelector('main').innerText
    return text.includes('Unaccounted (2)') && { listed: text.includes('Ada Brook') }
  })
  await say(one.page, 'Not here', 'Brook').click()
  assert.deepEqual(await (await counted).jsonValue(), { listed: true }, 'it stays where it is for a moment')
  await person(one.page, 'Brook').waitFor({ state: 'detached', ...soon })
  await say(one.page, 'Missing', 'Castle').click()
  await one.page.getByText('1 missing').waitFor()

  await one.page.getByRole('button', { name: 'End roll call' }).click()
  const question = one.page.getByRole('dialog', { name: 'End the roll call?' })
  await question.getByText('2 people are not accounted for.', { exact: false }).waitFor()
  await question.getByRole('button', { name: 'End roll call' }).click()
  for (const { page } of [one, two]) {
    await page.getByRole('heading', { name: 'Report: Evacuation' }).waitFor(soon)
    await page.getByText(/Started .* by Anna, ended .* by Anna\./).waitFor()
    const rest = page.getByRole('region', { name: 'Not accounted for at the end' })
    await rest.getByText('Ada Castle').waitFor()
    await rest.getByText('Ada Dover').waitFor()
    assert.equal(await rest.getByRole('listitem').count(), 2)
    const found = page.getByRole('region', { name: 'Accounted for', exact: true })
    await found.getByText(/Missing: Ben/).waitFor() // what was said before somebody came round stays
  }
  const table = one.page.waitForEvent('download')
  await one.page.getByRole('link', { name: 'CSV' }).click()
  assert.match((await table).suggestedFilename(), /^roll-call-\d{8}-\d{4}\.csv$/)
  await two.page.getByRole('link', { name: 'To the evacuation list' }).click()
  await two.page.getByRole('region', { name: 'Earlier roll calls' }).getByRole('link', { name: /^Evacuation/ }).click()
  await two.page.getByRole('heading', { name: 'Report: Evacuation' }).waitFor()
  assert.deepEqual([...one.faults, ...two.faults], [])
})

test('without a network: marks are kept through a loss of power, and merge when it is back', async (t) => {
  const h = await house('Eastman', 'Ford')
  const b = await open(t, h, 'Clara')
  const { page } = b
  let again = { stop: () => {}, faults: [] }
  await page.getByText('also opens without a network', { exact: false }).waitFor()
  await start(page, 'Drill')
  await page.getByRole('heading', { name: 'Drill' }).waitFor(soon)
  await say(page, 'Safe', 'Eastman').click()
  await progress(page, '1 of 2 accounted for')
  await page.waitForFunction(() => !document.body.textContent.includes('not sent yet'))

  await b.context.setOffline(true)
  await say(page, 'Safe', 'Ford').click()
  await progress(page, '2 of 2 accounted for')
  await page.getByText('1 mark is kept on this device and not sent yet.').waitFor()
  await b.context.setOffline(false)
  await page.getByText('kept on this device and not sent', { exact: false }).waitFor({ state: 'detached', timeout: 10_000 })
  await say(page, 'Missing', 'Ford').click()
  await page.getByText('1 missing').waitFor()
  await page.waitForFunction(() => !document.body.textContent.includes('not sent yet'))

  // The server is gone, and then the device's power.
  await control('cut')
  try {
    await say(page, 'Safe', 'Ford').click()
    await progress(page, '2 of 2 accounted for')
    await page.getByText('1 mark is kept on this device and not sent yet.').waitFor()
    await page.evaluate(untilKept)
    await b.stop()
    again = await launch({ home: b.home })
    await again.page.clock.install()
    const began = Date.now()
    await again.page.goto(h.at)
    await again.page.getByText('2 of 2 accounted for', { exact: true }).waitFor()
    t.diagnostic(`opened without the server in ${Date.now() - began} ms`)
    await again.page.getByText(/s of \d\d:\d\d:\d\d, .* ago/).waitFor()
    await again.page.getByText('1 mark is kept on this device and not sent yet.').waitFor()
    await person(again.page, 'Ford').getByText('not sent yet', { exact: false }).waitFor()
    await again.page.clock.fastForward(60_000)
    await again.page.getByText(/^Not up to date: as of .*, [12] min ago$/).waitFor()
  } catch (error) {
    await again.stop()
    throw error
  } finally {
    await control('restore')
  }
  try {
    await again.page.getByText('kept on this device', { exact: false }).waitFor({ state: 'detached', timeout: 40_000 })
  } finally {
    await again.stop()
  }
  const { items } = await call('GET', `/sites/${h.site.id}/roll-calls`)
  const { counts, people } = await call('GET', `/sites/${h.site.id}/roll-calls/${items[0].id}`)
  assert.deepEqual([counts.safe, counts.missing, counts.unclear], [2, 0, 0])
  assert.equal(people.find((p) => p.visitor.last_name === 'Ford').marks.length, 3, 'each once')
  assert.deepEqual([...b.faults, ...again.faults], [])
})

test('an alarm without a network begins on the device; signing out leaves nothing there', async (t) => {
  const h = await house('Gale')
  const b = await open(t, h, 'Dora')
  const { page } = b
  await page.getByText('also opens without a network', { exact: false }).waitFor()
  await page.getByText(/^As of /).waitFor()
  await b.context.setOffline(true)
  await start(page, 'Real evacuation')
  await page.getByText('joins the site’s as soon as there is a network', { exact: false }).waitFor(soon)
  await say(page, 'Safe', 'Gale').click()
  await progress(page, '1 of 1 accounted for')
  await b.context.setOffline(false)
  await page.getByText('joins the site’s', { exact: false }).waitFor({ state: 'detached', timeout: 20_000 })
  await progress(page, '1 of 1 accounted for')
  await page.getByText('kept on this device', { exact: false }).waitFor({ state: 'detached', ...soon })

  // On the board somebody else learns of it.
  await page.goto(`/sites/${h.site.id}/board/on-site`)
  await page.getByText('An evacuation has been going on since', { exact: false }).waitFor()
  await page.goto(h.at)
  await progress(page, '1 of 1 accounted for')

  const left = () =>
    page.evaluate(async () => {
      const result = (request) => new Promise((done) => (request.onsuccess = () => done(request.result)))
      const db = await result(indexedDB.open('foyer-evacuation'))
      let rows = 0
      for (const name of db.objectStoreNames) rows += await result(db.transaction(name).objectStore(name).count())
      db.close()
      return { rows, caches: (await caches.keys()).length, workers: (await navigator.serviceWorker.getRegistrations()).length }
    })
  const before = await left()
  assert.ok(before.rows > 0 && before.caches > 0 && before.workers > 0, JSON.stringify(before))
  // Unsent marks are asked about first.
  await page.route('**/marks', (route) => route.abort())
  await say(page, 'Missing', 'Gale').click()
  await page.getByText('1 missing').waitFor()
  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  const question = page.getByRole('dialog', { name: 'Sign out and lose marks?' })
  await question.getByText('1 mark has not reached the server.', { exact: false }).waitFor()
  await question.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in to Foyer' }).waitFor()
  await page.evaluate(async () => {
    while ((await caches.keys()).length > 0) await new Promise(requestAnimationFrame)
  })
  assert.deepEqual(await left(), { rows: 0, caches: 0, workers: 0 })
  assert.deepEqual(b.faults, [])
})

test('no timer takes anybody off the list', async (t) => {
  const h = await house('Hart', 'Irwin')
  const b = await open(t, h, 'Emil')
  const { page } = b
  for (const v of Object.values(h.visits)) await endSoon(v.id)
  for (const name of ['Hart', 'Irwin']) await person(page, name).getByText('overdue since', { exact: false }).waitFor({ timeout: 15_000 })
  // The negative control: a person does.
  await call('POST', `/visits/${h.visits.Hart.id}/confirm-left`)
  await person(page, 'Hart').waitFor({ state: 'detached', ...soon })
  await page.reload()
  await person(page, 'Hart').waitFor({ state: 'detached', ...soon }) // what the device kept is shown until the server has answered
  await person(page, 'Irwin').getByText('overdue since', { exact: false }).waitFor()
})

test('without HTTPS the page says what it cannot do', async (t) => {
  const h = await house('Jones')
  const b = await launch()
  t.after(() => b.close())
  await b.context.addInitScript(() => Object.defineProperty(window, 'isSecureContext', { value: false }))
  await signIn(b.page, await h.warden('Frida'))
  await b.page.goto(h.at)
  await b.page.getByText('No HTTPS: this page cannot be opened offline. Keep it open.').waitFor()
})

test('a roll call by keyboard', async (t) => {
  const h = await house('Klein', 'Lang')
  const b = await open(t, h, 'Gerd')
  const { page } = b
  const keys = page.keyboard
  await page.getByRole('button', { name: 'Start roll call' }).focus()
  await keys.press('Enter')
  await page.waitForFunction(() => document.activeElement?.textContent === 'Drill')
  await keys.press('Enter')
  await say(page, 'Safe', 'Klein').waitFor(soon)
  await page.getByRole('button', { name: 'End roll call' }).focus()
  await keys.press('Tab')
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
  assert.equal(await focused(), 'Safe: Ada Klein')
  await keys.press('Enter')
  await keys.press('ArrowDown')
  assert.equal(await focused(), 'Safe: Ada Lang')
  await keys.press('ArrowRight')
  await keys.press('ArrowRight')
  await keys.press(' ')
  await progress(page, '2 of 2 accounted for')
  assert.equal(await say(page, 'Not here', 'Lang').getAttribute('aria-pressed'), 'true')
  assert.deepEqual(b.faults, [])
})

test('the list, a roll call and its report are clean in both themes', async (t) => {
  const h = await house('Achterberg', 'Bremer', 'Castellanos', 'Deshmukh')
  const b = await open(t, h, 'Ida')
  const { page } = b
  const say = (name, mark) => ({ mark_id: randomUUID(), visit_id: h.visits[name].id, mark })
  await endSoon(h.visits.Bremer.id)
  await person(page, 'Bremer').getByText('overdue since', { exact: false }).waitFor({ timeout: 15_000 })
  await page.getByText('also opens without a network', { exact: false }).waitFor()
  await look(b, 'evacuation')
  await page.getByRole('button', { name: 'Start roll call' }).click()
  await page.getByRole('dialog').waitFor()
  await look(b, 'evacuation-start', { short: true })
  await page.getByRole('dialog').getByRole('button', { name: 'Real evacuation' }).click()
  await progress(page, '0 of 4 accounted for')
  const { items } = await call('GET', `/sites/${h.site.id}/roll-calls`)
  const marks = [say('Achterberg', 'safe'), say('Bremer', 'missing'), say('Castellanos', 'safe')]
  await call('POST', `/sites/${h.site.id}/roll-calls/${items[0].id}/marks`, { marks })
  await page.getByRole('button', { name: 'Missing: Ada Castellanos' }).click()
  await page.getByText('1 unclear').waitFor()
  await look(b, 'roll-call')
  await page.getByRole('button', { name: 'High contrast' }).click()
  await look(b, 'roll-call-soft', { short: true })
  await page.getByRole('button', { name: 'End roll call' }).click()
  await page.getByRole('dialog').waitFor()
  await look(b, 'roll-call-end', { short: true })
  await page.getByRole('dialog').getByRole('button', { name: 'End roll call' }).click()
  await page.getByRole('heading', { name: 'Report: Evacuation' }).waitFor()
  await look(b, 'report')
  assert.deepEqual(b.faults, [])
})

test('five hundred people on paper', async (t) => {
  const h = await house()
  const people = 500
  const began = Date.now()
  const batch = async (_, n) => {
    const visits = Array.from({ length: 100 }, (_, i) => ({
      site_id: h.site.id,
      visitor: { first_name: 'Guest', last_name: `Number${n}${String(i).padStart(2, '0')}`, company: 'Quay & Sons' },
      expected_arrival: inMinutes(1),
    }))
    const { rows } = await call('POST', '/visits/batch', { visits })
    await call('POST', '/visits/check-in-batch', { ids: rows.map((r) => r.visit_id) })
  }
  await Promise.all(Array.from({ length: people / 100 }, batch))
  t.diagnostic(`${people} people checked in in ${Date.now() - began} ms`)
  const b = await open(t, h, 'Hanna', { colorScheme: 'dark' })
  const { page } = b
  await page.getByText('500 visitors').first().waitFor()
  assert.equal(await page.getByRole('listitem').filter({ hasText: 'Guest Number' }).count(), people)
  const printing = Date.now()
  const pdf = await page.pdf({ format: 'A4' })
  const took = Date.now() - printing
  const pages = pagesOf(pdf).map((text) => text.normalize('NFKC').replace(/\s+/g, ' '))
  t.diagnostic(`${people} people on ${pages.length} pages in ${took} ms`)
  const all = pages.join('\n')
  assert.deepEqual(new Set(all.match(/Guest Number\d{3}/g)).size, people, 'everybody is on the paper')
  assert.deepEqual([...all.matchAll(/Guest Number\d{3}/g)].length, people, 'once')
  pages.forEach((text, i) => {
    assert.match(text, new RegExp(`${h.site.name}, printed \\d+ \\w+ \\d{4}, \\d\\d:\\d\\d:\\d\\d`), 'site and time of printing')
    assert.match(text, new RegExp(`\\b${i + 1} / ${pages.length}\\b`), 'its number')
    assert.doesNotMatch(text, /Board|Start roll call/, 'nothing of the screen')
  })
  assert.match(pages[0], /Evacuation list[^]*Not staff, not guests of the portal/)
  assert.equal(all.match(/Not here/g).length >= people, true, 'boxes to tick')
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')))
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
  const colours = await page.locator('.paper').evaluate((e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor])
  assert.deepEqual(colours, ['rgb(0, 0, 0)', 'rgb(255, 255, 255)'], 'black on white')
  assert.deepEqual(b.faults, [])
})
