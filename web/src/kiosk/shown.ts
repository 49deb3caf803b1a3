/** What somebody shows to a kiosk: an invitation's link or short code, or a user name. */
export type Shown = { token: string } | { code: string } | { username: string }

const tokenOf = /(?:^|\/v\/)([A-Za-z0-9_-]{52})(?:[?#].*)?$/
const letters = '[2-9a-hj-km-np-z]'
const codeOf = new RegExp(`^${letters}{10}$`)
const usernameOf = new RegExp(`^(?:v-?)?(${letters}{8})$`)

/** Reads what was scanned or typed; null is nothing that we give out. */
export function readShown(text: string): Shown | null {
  const plain = text.trim()
  const token = tokenOf.exec(plain)?.[1]
  if (token) return { token }
  const typed = plain.toLowerCase().replace(/[\s-]/g, '')
  if (codeOf.test(typed)) return { code: typed }
  const name = usernameOf.exec(typed)?.[1]
  return name ? { username: `v-${name}` } : null
}
