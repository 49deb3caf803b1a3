import type { Key, Say } from '../text/text.ts'

/** The server's words about a value, in English, and ours. What it says else is shown as it is. */
const known: readonly [RegExp, Key][] = [
  [/^This is not a time/, 'web.mend.time'],
  [/^This is not an e-mail address/, 'web.fault.email'],
  [/^A visitor needs a name/, 'web.fault.name'],
  [/^The departure is not after the arrival/, 'web.mend.order'],
  [/^The line has \d+ cells/, 'web.mend.cells'],
  [/^The cell holds control characters|^This is not readable text/, 'web.mend.control'],
  [/at most \d+ characters|^At most \d+ characters|^expected length <=|^The URL is longer/, 'web.mend.long'],
  [/^At most ten years ahead/, 'web.mend.ahead'],
  [/^You invite visitors to yourself/, 'web.mend.host'],
  [/^One of these is not an e-mail address/, 'web.mend.emails'],
  [/^These are not networks|^Each is a management network/, 'web.mend.networks'],
  [/^This PIN is guessed first/, 'web.mend.pin'],
  [/^This is not a place to listen at|^The host is an address of the agent/, 'web.mend.listen'],
  [/^The URL must|^This is not an absolute URL|^This is not a URL|^This is not an https/, 'web.mend.url'],
  [/^This address may not be called/, 'web.reason.refused_address'],
  [/^A password has at least/, 'web.reset.rule'],
  [/^This is a pattern/, 'web.mend.password.pattern'],
  [/^This is one of the passwords/, 'web.mend.password.common'],
  [/^This is your name/, 'web.mend.password.own'],
]

/** What is wrong with a value, in the reader's language where we know it. */
export function mended(t: Say, type: string, detail: string): string {
  const found = known.find(([words]) => words.test(detail))
  if (found) return t(found[1])
  const code = type.replace('urn:foyer:problem:', '')
  return code === 'invalid' ? detail : t.known(`web.problem.${code}`, detail)
}
