// What comes out of the printer.
import assert from 'node:assert/strict'
import test from 'node:test'
import { launch, row, signIn, walkIn } from '../browser.mjs'

test('a slip fits its paper and holds nothing else', async (t) => {
  const b = await launch({ colorScheme: 'dark' })
  t.after(() => b.close())
  const { page } = b
  await signIn(page)
  await walkIn('Paperwork')
  await page.evaluate(() => {
    window.print = () => {} // opens a dialog of the browser, which nobody would close
  })
  for (const [paper, width, height] of [
    [/80 mm/, 80, 200],
    [/A6/, 105, 148],
  ]) {
    await row(page, 'Paperwork').getByRole('button', { name: /^More for/ }).click()
    await page.getByRole('menuitem', { name: 'Show WiFi access' }).click()
    await page.getByRole('button', { name: 'Print slip' }).click()
    await page.getByRole('menuitem', { name: paper }).click()
    await page.locator('.slip').waitFor({ state: 'attached' })
    await page.emulateMedia({ media: 'print' })
    const seen = await page.locator('body > :visible').evaluateAll((all) => all.map((e) => e.className))
    assert.deepEqual(seen, ['slip'])
    assert.match(await page.locator('.slip').innerText(), /Harbour House[^]*Ada Paperwork[^]*Harbour Guests[^]*v-[2-9a-z]{8}[^]*https:\/\/portal\.example/)
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1')
    const sheets = [...pdf.matchAll(/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map((m) => [m[1], m[2]].map((pt) => Math.round((pt / 72) * 25.4)))
    assert.deepEqual(sheets, [[width, height]])
    await page.emulateMedia({ media: 'screen' })
    // Having printed, the slip is gone.
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')))
    await page.locator('.slip').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Done' }).click()
  }
  assert.deepEqual(b.faults, [])
})
