// Looks at a page in both themes and at three widths: nothing that axe-core finds,
// and pictures for people, in shots/ where FOYER_SHOTS is set.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const widths = [390, 820, 1440]

/** What WCAG 2.2 AA asks for, as far as a program can tell. */
const rules = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  // A dialog's header is inside a section and so no banner (HTML-AAM 4.1), which axe-core overlooks.
  rules: { 'landmark-no-duplicate-banner': { enabled: false }, 'landmark-unique': { enabled: false } },
}

/** Waits until nothing moves or grows any more, for the picture. */
function settled(page) {
  return page.evaluate(
    () =>
      new Promise((done) => {
        let last = ''
        let still = 0
        const frame = () => {
          const moving = document.getAnimations().some((a) => a.playState === 'running' && a.effect?.getComputedTiming().endTime !== Infinity)
          const now = `${document.documentElement.scrollWidth} ${document.body.innerHTML.length}`
          still = !moving && now === last ? still + 1 : 0
          last = now
          if (still < 4) requestAnimationFrame(frame)
          else done()
        }
        requestAnimationFrame(frame)
      }),
  )
}

/** In brief: the one that is least like the others, for what is made of parts that are looked at in full elsewhere. */
const brief = 'dark 390'

export async function look(b, name, { popup = false, short = false, at = widths } = {}) {
  for (const colorScheme of ['light', 'dark']) {
    await b.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const width of at) {
      if (short && !process.env.FOYER_SHOTS && brief !== `${colorScheme} ${width}`) continue
      await b.page.setViewportSize({ width, height: width < 500 ? 844 : 1000 })
      await settled(b.page)
      if (process.env.FOYER_SHOTS) await b.page.screenshot({ path: `shots/${name}-${width}-${colorScheme}.png` })
      const wide = await b.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.ok(wide <= 0, `${name} is wider than ${width} px`)
      if (width === 820) continue // its rules are those of 1440
      // Not as a script element, which the content security policy forbids.
      await b.page.evaluate(axe)
      // A menu is in front of the page and so in no landmark.
      const judged = popup ? { ...rules, rules: { ...rules.rules, region: { enabled: false } } } : rules
      const { violations } = await b.page.evaluate((r) => window.axe.run(document, r), judged)
      const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join('\n')}`)
      assert.deepEqual(found, [], `${name}, ${colorScheme}, ${width} px`)
    }
  }
}
