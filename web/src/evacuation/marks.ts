import type { Listed, Mark, Present, Said } from './types.ts'

/**
 * What marks amount to, as internal/visit/rollcall.go has it: this page goes on
 * without the server. Everything here is a function of its arguments.
 */

/**
 * Of each who marked the latest mark counts. Where these differ it is unclear; and
 * so is what one person says twice at the same instant. Nobody is safe by majority.
 */
export function conclude(marks: readonly Said[]): Mark {
  const latest = new Map<string, { at: number; mark: Mark }>()
  for (const m of marks) {
    const was = latest.get(m.marked_by)
    const at = Date.parse(m.marked_at)
    if (!was || at > was.at) latest.set(m.marked_by, { at, mark: m.mark })
    else if (at === was.at && m.mark !== was.mark) was.mark = 'unclear'
  }
  const said = new Set([...latest.values()].map((x) => x.mark))
  if (said.size === 0) return 'unmarked'
  return said.size === 1 ? [...said][0]! : 'unclear'
}

/** A mark of this device, until the server's list has it. */
export type OwnMark = Said & { visit_id: string; sent: boolean }

/** A person as this device knows them: the server's list and what was marked here. */
export type Person = Listed & {
  /** Something that was marked here has not reached the server. */
  waiting: boolean
}

/** Who nothing was marked of stays the same object, so that their row is not drawn again. */
const untouched = new WeakMap<Listed, Person>()

function asTheyAre(p: Listed): Person {
  let person = untouched.get(p)
  if (!person) untouched.set(p, (person = { ...p, waiting: false }))
  return person
}

/** Adds this device's marks to the server's list, each once. */
export function overlay(people: readonly Listed[], own: readonly OwnMark[]): Person[] {
  const theirs = new Map<string, OwnMark[]>()
  for (const m of own) theirs.set(m.visit_id, [...(theirs.get(m.visit_id) ?? []), m])
  return people.map((p) => {
    const fresh = (theirs.get(p.visit_id) ?? []).filter((m) => !p.marks.some((x) => x.mark_id === m.mark_id))
    if (fresh.length === 0) return asTheyAre(p)
    const marks = [...p.marks, ...fresh.map((m) => ({ ...saidOf(m), received_at: m.marked_at }))]
    return { ...p, marks, mark: conclude(marks), waiting: fresh.some((m) => !m.sent) }
  })
}

const saidOf = ({ mark_id, mark, marked_by, marked_at, name }: OwnMark): Said => ({
  mark_id,
  mark,
  marked_by,
  marked_at,
  name,
})

/** Of this device's marks those that the server's list has: they need not be kept. */
export function seen(people: readonly Listed[], own: readonly OwnMark[]): string[] {
  const known = new Set(people.flatMap((p) => p.marks.map((m) => m.mark_id)))
  return own.filter((m) => known.has(m.mark_id)).map((m) => m.mark_id)
}

/** What each says of a person in the end, the earliest first. */
export function voices<M extends Said>(marks: readonly M[]): M[] {
  const latest = new Map<string, M>()
  for (const m of marks) {
    const was = latest.get(m.marked_by)
    if (!was || Date.parse(m.marked_at) >= Date.parse(was.marked_at)) latest.set(m.marked_by, m)
  }
  return [...latest.values()].sort((a, b) => Date.parse(a.marked_at) - Date.parse(b.marked_at))
}

/** Known to be out of danger. Who is missing, or of whom people say different things, is not. */
export const accountedFor = (p: { mark: Mark }): boolean => p.mark === 'safe' || p.mark === 'not_here'

export type Counts = Record<Mark, number> & { people: number; accounted: number }

export function count(people: readonly { mark: Mark }[]): Counts {
  const counts: Counts = { people: people.length, accounted: 0, safe: 0, missing: 0, not_here: 0, unclear: 0, unmarked: 0 }
  for (const p of people) {
    counts[p.mark]++
    if (accountedFor(p)) counts.accounted++
  }
  return counts
}

/** Whether each word that was typed begins a word of the person's names, or of the company's or host's. */
export function matches(p: Pick<Present, 'visitor' | 'host'>, query: string): boolean {
  const texts = [p.visitor.first_name, p.visitor.last_name, p.visitor.company, p.host.name]
  const words = plain(texts.filter(Boolean).join(' ')).split(/[\s-]+/)
  return plain(query)
    .split(/\s+/)
    .every((typed) => words.some((w) => w.startsWith(typed)))
}

/** Without accents and case: outdoors, and with gloves on, nobody types them. */
const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .trim()

/** The list of everybody as a roll call that nobody has marked in: for one that begins without the server. */
export const asListed = (people: readonly Present[], at: string): Listed[] =>
  people.map((p) => ({ ...p, added_at: at, arrived: false, mark: 'unmarked', marks: [] }))
