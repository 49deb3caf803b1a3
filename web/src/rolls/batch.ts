/** Codes as they are typed or pasted. */
export const codesOf = (text: string): string[] => text.split(/\s+/).filter(Boolean)

export const testMost = 100
export const expireMost = 10_000
/** A request's worth: small enough to see how far it is, and to be over well within the deadline. */
const atOnce = 500

/** A line each; lines that are empty do not count. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((l) => l.trim())
    .filter(Boolean)

export type PassedOver = { line: number; code: string; reason: string; message: string }
export type Part = { expired: number; active: number; passed_over: PassedOver[] }
export type Expired = Part & {
  /** How many lines were dealt with: all, unless something came between. */
  done: number
}

/**
 * Has lines expired some at a time, and adds up what became of them. Lines are counted
 * over all parts. When a part fails, what was done before it has happened: known says
 * so each time.
 */
export async function expireAll(
  lines: readonly string[],
  send: (codes: string) => Promise<Part>,
  known: (so: Expired) => void,
): Promise<void> {
  let sofar: Expired = { expired: 0, active: 0, passed_over: [], done: 0 }
  for (let from = 0; from < lines.length; from += atOnce) {
    const part = lines.slice(from, from + atOnce)
    const answer = await send(part.join('\n'))
    sofar = {
      expired: sofar.expired + answer.expired,
      active: sofar.active + answer.active,
      passed_over: [...sofar.passed_over, ...answer.passed_over.map((p) => ({ ...p, line: p.line + from }))],
      done: from + part.length,
    }
    known(sofar)
  }
}
