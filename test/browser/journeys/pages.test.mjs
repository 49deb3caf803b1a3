// The dashboard's pages in both themes, as look.mjs looks at them; others are looked at
// where they are used.
import assert from 'node:assert/strict'
import test from 'node:test'
import { board, call, endSoon, expect, inMinutes, launch, row, signIn, stack, walkIn } from '../browser.mjs'
import { look } from '../look.mjs'

test('every page is clean in both themes', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await page.goto('/')
  await page.getByLabel('E-mail').waitFor()
  await look(b, 'sign-in')
  await signIn(page)

  const host = { name: 'Eva Brandt' }
  await expect('Lookahead', { host, visitor: { first_name: 'Jonas', last_name: 'Lookahead', company: 'Nordlicht GmbH' } })
  await expect('Nextweek', { expected_arrival: inMinutes(60 * 24 * 7) })
  const { visit } = await walkIn('Looksgood', { host })
  const late = await walkIn('Lookslate')
  await endSoon(late.visit.id)
  const gone = await walkIn('Looksgone')
  await call('POST', `/visits/${gone.visit.id}/check-out`)
  await row(page, 'Lookslate').getByText('Overdue', { exact: true }).waitFor()

  const at = async (path, name, ready, how) => {
    await page.goto(path)
    await ready.waitFor()
    await look(b, name, how)
  }
  /** Of pages and dialogs that are made of the same parts, one is looked at in full. */
  const alike = { short: true }
  await at(board('expected'), 'expected', row(page, 'Lookahead'), alike)
  await at(board('on-site'), 'on-site', row(page, 'Looksgood'))
  await at(board('completed'), 'completed', row(page, 'Looksgone'), alike)
  await at(`${board()}?q=nobody-is-called-that`, 'no-match', page.getByText('No visitor, host', { exact: false }), alike)
  await at(`${board()}/${visit.id}`, 'detail', page.getByRole('heading', { name: 'What happened' }))
  await at(`${board('completed')}/${gone.visit.id}`, 'detail-ended', page.getByText('Access ended at', { exact: false }), alike)
  await at(`/sites/${stack.site}/network`, 'network', page.getByText('Up to date'))
  await at('/sites/none/network', 'not-found', page.getByText('There is nothing at this address.'), alike)

  await page.goto(board())
  const open = async (name, start, ready, how) => {
    await start()
    await ready.waitFor()
    await look(b, name, how)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.setViewportSize({ width: 1440, height: 1000 })
  }
  const menu = (item) => async () => {
    await row(page, 'Looksgood').getByRole('button', { name: /^More for/ }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  await row(page, 'Looksgood').waitFor()
  await open('new-visit', () => page.keyboard.press('n'), page.getByRole('dialog', { name: 'New visit' }))
  await open('extend', menu('Change departure'), page.getByRole('dialog', { name: /^Departure of/ }), alike)
  await open('access', menu('Show WiFi access'), page.getByRole('dialog', { name: 'WiFi access' }))
  await open('check-out', menu('Check out'), page.getByRole('dialog', { name: /^Check out Ada/ }), alike)
  await row(page, 'Looksgood').getByRole('button', { name: /^More for/ }).click()
  await look(b, 'menu', { popup: true, ...alike })
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Account/ }).click()
  await look(b, 'user-menu', { popup: true, ...alike })
  await page.getByRole('menuitemradio', { name: 'Deutsch' }).click()
  await page.getByText('Vor Ort', { exact: true }).first().waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de')
  await look(b, 'german')
  await page.getByRole('button', { name: /^Konto/ }).click()
  await page.getByRole('menuitemradio', { name: 'Dunkel' }).click()
  await page.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === 'dark')
  await page.reload()
  await page.getByText('Vor Ort', { exact: true }).first().waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.dataset.mantineColorScheme), 'dark', 'the choice is remembered')
  assert.deepEqual(b.faults, [])
})

test('ten thousand visits are a short document', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  const { visit } = await walkIn('Crowd')
  let asked = 0
  // The list alone is made up: what is looked at is how the page bears it.
  await page.route('**/api/v1/visits?*', async (route) => {
    const query = new URL(route.request().url()).searchParams
    const from = Number(query.get('cursor') || 0)
    const limit = Number(query.get('limit'))
    if (query.get('q') || limit < 10) return route.continue()
    asked++
    const items = Array.from({ length: limit }, (_, i) => ({
      ...visit,
      id: `${visit.id.slice(0, -6)}${String(from + i).padStart(6, '0')}`,
      visitor: { first_name: 'Guest', last_name: `Number ${from + i}` },
      expected_departure: new Date(Date.now() + (3600 + from + i) * 1000).toISOString(),
    }))
    const next = from + limit < 10_000 ? String(from + limit) : undefined
    await route.fulfill({ json: { items, next, counts: { expected: 0, on_site: 10_000, completed: 0 } } })
  })
  await signIn(page)
  await row(page, 'Number 0').first().waitFor()
  await page.waitForFunction(() => {
    const box = document.querySelector('[role=grid]').parentElement
    box.scrollTo(0, box.scrollHeight)
    return box.scrollTop > 30_000
  })
  assert.ok(asked > 5, 'pages come as they are needed')
  assert.ok((await page.getByRole('row').count()) < 80, 'only what is in sight is in the document')
  assert.deepEqual(b.faults, [])
})
