import type { Key, Say } from '../text/text.ts'

/** The server's words about a value, in English, and ours. What it says else is shown as it is. */
const known: readonly [RegExp, Key][] = [
  [/^This is not a time/, 'web.mend.time'],
  [/^This is not an e-mail address/, 'web.fault.email'],
  [/^A visitor needs a name/, 'web.fault.name'],
  [/^The departure is not after the arrival/, 'web.mend.order'],
  [/^The line has \d+ cells/, 'web.mend.cells'],
  [/^The cell holds control characters|^This is not readable text/, 'web.mend.control'],
  [/^At most \d+ characters|^expected length <=/, 'web.mend.long'],
  [/^At most ten years ahead/, 'web.mend.ahead'],
]

/** What is wrong with one of many, in the reader's language where we know it. */
export function mended(t: Say, type: string, detail: string): string {
  const found = known.find(([words]) => words.test(detail))
  if (found) return t(found[1])
  const code = type.replace('urn:foyer:problem:', '')
  return code === 'invalid' ? detail : t.known(`web.problem.${code}`, detail)
}
