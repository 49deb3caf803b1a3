// Two desks and one building: what one does, and what time does, the other sees.
import assert from 'node:assert/strict'
import test from 'node:test'
import { board, control, endSoon, launch, row, signIn, walkIn } from '../browser.mjs'

/** Generous: the figure is for benchmarks, this finds that it does not happen. */
const soon = { timeout: 5_000 }

test('screens show each other’s changes, and an expiry, by themselves', async (t) => {
  const [one, two] = [await launch(), await launch()]
  t.after(() => Promise.all([one.close(), two.close()]))
  await signIn(one.page)
  await signIn(two.page)
  await two.page.getByText('Live', { exact: true }).waitFor()

  await one.page.getByRole('button', { name: 'New visit' }).click()
  await one.page.getByLabel('Last name').fill('Twoscreens')
  await one.page.getByRole('dialog').getByRole('button', { name: 'Check in' }).click()
  await one.page.getByRole('dialog', { name: 'WiFi access' }).getByRole('button', { name: 'Done' }).click()
  await row(two.page, 'Twoscreens').waitFor(soon)

  const { visit } = await walkIn('Shortly')
  await row(two.page, 'Shortly').getByText('On Site').waitFor(soon)
  const ends = await endSoon(visit.id)
  await row(two.page, 'Shortly').getByText('Overdue', { exact: true }).waitFor()
  t.diagnostic(`expiry seen ${Date.now() - ends} ms after the departure`)
  await row(one.page, 'Shortly').getByText('Overdue', { exact: true }).waitFor(soon)

  // Nobody is off the list until somebody says so.
  await row(two.page, 'Shortly').getByRole('button', { name: /^Confirm left/ }).click()
  await two.page.getByRole('dialog').getByRole('button', { name: 'Confirm left' }).click()
  await row(one.page, 'Shortly').waitFor({ state: 'detached', ...soon })
  assert.deepEqual([...one.faults, ...two.faults], [])
})

test('a cut link is said, and what was missed is there when it is back', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page)
  await page.goto(board())
  await page.getByText('Live', { exact: true }).waitFor()
  await control('cut')
  try {
    await page.getByText('Reconnecting…').waitFor()
    await page.getByText(/^Stale since \d\d:\d\d:\d\d$/).waitFor({ timeout: 30_000 })
  } finally {
    await control('restore')
  }
  await walkIn('Meanwhile')
  await page.getByText('Live', { exact: true }).waitFor({ timeout: 40_000 })
  await row(page, 'Meanwhile').waitFor(soon)
  assert.deepEqual(b.faults, [])
})

test('who is signed out elsewhere is asked to sign in', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  await signIn(page)
  await page.getByText('Live', { exact: true }).waitFor()
  // Another tab of the same browser.
  await page.evaluate(() => fetch('/api/v1/logout', { method: 'POST' }))
  await page.getByRole('heading', { name: 'Sign in to Foyer' }).waitFor({ timeout: 20_000 })
})
