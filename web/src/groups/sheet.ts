import type { components } from '../api/schema.ts'

export type ImportFault = components['schemas']['ImportFault']

/** The columns that a file may have, with what each holds. */
export const sheetColumns = [
  'first_name',
  'last_name',
  'company',
  'email',
  'phone',
  'host_name',
  'host_email',
  'purpose',
  'arrival',
  'departure',
] as const

/** The server takes no more, in octets. */
export const fileMost = 1 << 20

/** A column's letter as spreadsheets show it: 1 is A, 27 is AA. */
export function letterOf(place: number): string {
  let letters = ''
  for (let n = place; n > 0; n = Math.floor((n - 1) / 26)) letters = String.fromCharCode(65 + ((n - 1) % 26)) + letters
  return letters
}

/** A file's text, or null where it is not UTF-8; then the server says what it looks like. */
export function textOf(octets: ArrayBuffer): string | null {
  try {
    // A text field has no other ends of lines, and places in it are counted.
    return new TextDecoder('utf-8', { fatal: true }).decode(octets).replaceAll('\r\n', '\n')
  } catch {
    return null
  }
}

/** Where a line of a text begins and ends, the first being 1. */
export function lineAt(text: string, line: number): [number, number] {
  let start = 0
  for (let i = 1; i < line; i++) {
    const end = text.indexOf('\n', start)
    if (end < 0) return [text.length, text.length]
    start = end + 1
  }
  const end = text.indexOf('\n', start)
  return [start, end < 0 ? text.length : end]
}

/** What the clipboard of a spreadsheet holds is parted by tabs; the server reads semicolons. */
export function asCSV(text: string): string {
  const first = text.split('\n', 1)[0] ?? ''
  if (!first.includes('\t') || /[,;]/.test(first)) return text
  const cell = (c: string) => (/[;"]/.test(c) && !/^".*"$/.test(c) ? `"${c.replaceAll('"', '""')}"` : c)
  return text.replaceAll('\r', '').split('\n').map((line) => line.split('\t').map(cell).join(';')).join('\n')
}

/** A file to begin with: two visitors of tomorrow. */
export function sample(day: string): string {
  const lines = [
    sheetColumns,
    ['Grace', 'Hopper', 'Quay & Sons', 'grace@example.org', '', 'Eva Brandt', 'eva@example.org', 'Meeting', `${day} 09:00`, `${day} 17:00`],
    ['Jonas', 'Weber', '', '', '', 'Eva Brandt', '', '', `${day} 13:30`, ''],
  ]
  return `${lines.map((l) => l.join(',')).join('\r\n')}\r\n`
}
