// Without a mouse.
import assert from 'node:assert/strict'
import test from 'node:test'
import { board, expect, launch, row, stack } from '../browser.mjs'

test('the whole of a visit by keyboard', async (t) => {
  const b = await launch()
  t.after(() => b.close())
  const { page } = b
  const keys = page.keyboard
  await expect('Keystroke')
  await page.goto(board('expected'))
  await page.getByLabel('E-mail').waitFor()
  await keys.type(stack.users.reception.email)
  await keys.press('Tab')
  await keys.type(stack.users.reception.password)
  await keys.press('Enter')
  await row(page, 'Keystroke').waitFor()

  // Arrow keys find the row, Enter checks in.
  await keys.press('ArrowDown')
  await focusOn(page, 'Keystroke')
  await keys.press('Enter')
  const access = page.getByRole('dialog', { name: 'WiFi access' })
  await access.waitFor()
  await page.waitForFunction(() => document.activeElement?.closest('[role=dialog]'))
  await keys.press('Escape')
  await access.waitFor({ state: 'detached' })

  // Space opens the detail, Escape closes it, Enter asks for the check-out.
  await page.getByRole('link', { name: /^On Site/ }).focus()
  await keys.press('Enter')
  await row(page, 'Keystroke').waitFor()
  await page.evaluate(() => document.activeElement?.blur())
  await keys.press('ArrowDown')
  await focusOn(page, 'Keystroke')
  await keys.press(' ')
  await page.getByRole('dialog', { name: 'Ada Keystroke' }).waitFor()
  // A dialog over the detail: Escape closes one at a time.
  await page.getByRole('dialog').getByRole('button', { name: /^Check out/ }).focus()
  await keys.press('Enter')
  await page.getByRole('dialog', { name: 'Check out Ada Keystroke?' }).waitFor()
  await keys.press('Escape')
  await page.getByRole('dialog', { name: 'Check out Ada Keystroke?' }).waitFor({ state: 'detached' })
  await page.getByRole('dialog', { name: 'Ada Keystroke', exact: true }).waitFor()
  await keys.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await focusOn(page, 'Keystroke')
  await keys.press('Enter')
  const question = page.getByRole('dialog', { name: 'Check out Ada Keystroke?' })
  await question.waitFor()
  await page.waitForFunction(() => document.activeElement?.textContent === 'Check out')
  await keys.press('Enter')
  await page.getByText('Ada Keystroke is checked out.').waitFor()

  // n makes a visit, / searches; neither while typing.
  await keys.press('n')
  await page.getByRole('dialog', { name: 'New visit' }).waitFor()
  await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT')
  await keys.type('n/n')
  assert.equal(await page.getByLabel('First name').inputValue(), 'n/n')
  // What was typed is not lost by one key.
  const unsaved = page.getByRole('dialog', { name: 'Leave without saving?' })
  await keys.press('Escape')
  await unsaved.getByRole('button', { name: 'Stay here' }).and(page.locator(':focus')).waitFor()
  await keys.press('Escape')
  await unsaved.waitFor({ state: 'detached' })
  assert.equal(await page.getByLabel('First name').inputValue(), 'n/n')
  await keys.press('Escape')
  await unsaved.getByRole('button', { name: 'Leave', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await keys.press('/')
  await keys.type('keystr')
  await page.waitForURL(/q=keystr/)
  assert.deepEqual(b.faults, [])
})

/** Presses the arrow until the row has the focus; others may be above it. */
async function focusOn(page, name) {
  for (let i = 0; i < 60; i++) {
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('role') === 'row' && document.activeElement.textContent)
    if (focused && focused.includes(name)) return
    await page.keyboard.press('ArrowDown')
  }
  assert.fail(`the focus does not reach ${name}`)
}
