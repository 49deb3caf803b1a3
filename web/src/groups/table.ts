import { isEmail } from '../dialog/form.ts'
import type { Key } from '../text/text.ts'

/** One person of a group, as typed. */
export type Member = { id: number; firstName: string; lastName: string; company: string; email: string }
export type Column = Exclude<keyof Member, 'id'>

export const columns: readonly Column[] = ['firstName', 'lastName', 'company', 'email']

/** The server's limit of one request. */
export const membersMost = 200

export const emptyMember = (id: number): Member => ({ id, firstName: '', lastName: '', company: '', email: '' })

export const isBlank = (m: Member) => columns.every((c) => m[c].trim() === '')

/** With one empty row at the end, so that there is always where to go on. */
export function tidied(rows: readonly Member[]): Member[] {
  const last = rows.at(-1)
  if (last && isBlank(last)) return [...rows]
  const next = Math.max(0, ...rows.map((r) => r.id)) + 1
  return [...rows, emptyMember(next)]
}

/**
 * Cells of a spreadsheet's clipboard: rows are lines, cells are parted by tabs; a
 * cell in quotation marks may hold both. Null for what is one cell's text.
 */
export function cellsOf(text: string): string[][] | null {
  if (!/[\t\n\r]/.test(text.replace(/[\r\n]+$/, ''))) return null
  const rows: string[][] = [[]]
  let cell = ''
  let quoted = false
  const take = () => {
    rows.at(-1)?.push(cell.trim())
    cell = ''
  }
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') cell += text[++i]
      else if (c === '"') quoted = false
      else cell += c
    } else if (c === '"' && cell === '') quoted = true
    else if (c === '\t') take()
    else if (c === '\n') {
      take()
      rows.push([])
    } else if (c !== '\r') cell += c
  }
  take()
  return rows.filter((r) => r.some((x) => x !== ''))
}

/** Puts pasted cells where the cursor is and to the right and below; what does not fit is left out. */
export function paste(rows: readonly Member[], at: number, column: Column, cells: readonly string[][]): Member[] {
  const found = [...rows]
  const from = columns.indexOf(column)
  for (const [i, line] of cells.entries()) {
    if (at + i >= membersMost) break
    const old = found[at + i] ?? emptyMember(Math.max(0, ...found.map((r) => r.id)) + 1)
    const row = { ...old }
    for (const [j, text] of line.entries()) {
      const name = columns[from + j]
      if (name) row[name] = text.slice(0, 200)
    }
    found[at + i] = row
  }
  return tidied(found)
}

export type MemberFaults = ReadonlyMap<number, Partial<Record<Column, Key>>>

/** What is wrong, by the row's id, as far as can be said without asking. */
export function memberFaults(rows: readonly Member[]): MemberFaults {
  const found = new Map<number, Partial<Record<Column, Key>>>()
  for (const m of rows) {
    if (isBlank(m)) continue
    const faults: Partial<Record<Column, Key>> = {}
    if (!m.firstName.trim() && !m.lastName.trim()) faults.lastName = 'web.fault.name'
    if (m.email.trim() && !isEmail(m.email)) faults.email = 'web.fault.email'
    if (Object.keys(faults).length > 0) found.set(m.id, faults)
  }
  return found
}
