import type { Me, Site } from '../api/types.ts'
import { seen } from './marks.ts'
import type { Entry, Outbox, Start } from './outbox.ts'
import type { EvacuationList, Listed, Present, RollCall, RollCallDetail } from './types.ts'

/**
 * What this device keeps for the time without a network, in IndexedDB: the list as
 * it was read last, for a day, with names and nothing else about people; and marks
 * until the server has them, which name nobody. Signing out removes all of it.
 */

export type Kept = {
  site: Site
  me: Me
  list: EvacuationList | null
  call: RollCallDetail | null
  calls: RollCall[]
  /** When the server said this, by this device's clock. */
  readAt: number
  /** How far the server's clock was ahead of it, in milliseconds. */
  ahead: number
}

/** An older list is not shown: it says nothing about now, and names people. */
export const keptFor = 24 * 60 * 60_000

const database = 'foyer-evacuation'
type Shelf = 'kept' | 'marks' | 'starts'

let opening: Promise<IDBDatabase> | null = null

function open(): Promise<IDBDatabase> {
  opening ??= new Promise<IDBDatabase>((done, fail) => {
    const request = indexedDB.open(database, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore('kept', { keyPath: 'site.id' })
      request.result.createObjectStore('marks', { keyPath: 'mark_id' })
      request.result.createObjectStore('starts', { keyPath: 'key' })
    }
    request.onsuccess = () => done(request.result)
    request.onerror = () => fail(request.error)
  }).catch((error) => {
    opening = null
    throw error
  })
  return opening
}

/** Resolves when the change is on the disk, as far as the device says so: a tablet may lose its power. */
async function change(shelf: Shelf, make: (store: IDBObjectStore) => void): Promise<void> {
  const db = await open()
  return new Promise((done, fail) => {
    const t = db.transaction(shelf, 'readwrite', { durability: 'strict' })
    make(t.objectStore(shelf))
    t.oncomplete = () => done()
    t.onabort = t.onerror = () => fail(t.error)
  })
}

async function all<T>(shelf: Shelf): Promise<T[]> {
  const db = await open()
  return new Promise((done, fail) => {
    const request = db.transaction(shelf).objectStore(shelf).getAll()
    request.onsuccess = () => done(request.result as T[])
    request.onerror = () => fail(request.error)
  })
}

const dropFrom = (shelf: Shelf) => (keys: readonly string[]) =>
  keys.length === 0 ? Promise.resolve() : change(shelf, (s) => keys.forEach((key) => s.delete(key)))

export const shelf = {
  marks: () => all<Entry>('marks'),
  putMarks: (entries: readonly Entry[]) => change('marks', (s) => entries.forEach((e) => s.put(e))),
  dropMarks: dropFrom('marks'),
  starts: () => all<Start>('starts'),
  putStart: (start: Start) => change('starts', (s) => s.put(start)),
  dropStarts: dropFrom('starts'),
}

/** Removes what is too old, and returns the rest. */
export async function dropOld(now = Date.now()): Promise<Kept[]> {
  const found = await all<Kept>('kept')
  await dropFrom('kept')(found.filter((k) => expired(k, now)).map((k) => k.site.id))
  return found.filter((k) => !expired(k, now))
}

/** What is kept of a site, unless it is too old. */
export const kept = async (site: string): Promise<Kept | null> => (await dropOld()).find((k) => k.site.id === site) ?? null

export const expired = (k: Pick<Kept, 'readAt'>, now: number): boolean => now - k.readAt >= keptFor || k.readAt > now + keptFor

export const keep = (k: Kept): Promise<void> => change('kept', (s) => s.put(thin(k)))

/**
 * Keeps what was read. Only then the marks that it has are kept no longer by
 * themselves: were they dropped before, a loss of power would take them back.
 */
export async function keepRead(k: Kept, box: Pick<Outbox, 'read' | 'seen'>, write = keep): Promise<void> {
  await write(k)
  await box.seen(seen(k.call?.people ?? [], box.read().entries))
}

/** Without what nobody needs outside: addresses and numbers of people, keys of networks. */
export function thin(k: Kept): Kept {
  const { id, name, timezone, default_stay_seconds, max_stay_seconds } = k.site
  const site = { id, name, timezone, default_stay_seconds, max_stay_seconds, networks: [] } as unknown as Site
  const { id: user, kind, permissions, all_sites } = k.me
  return {
    ...k,
    site,
    me: { id: user, kind, name: k.me.name, permissions, all_sites },
    list: k.list && { ...k.list, people: k.list.people.map(nameOnly) },
    call: k.call && { ...k.call, people: k.call.people.map(nameOnly<Listed>) },
  }
}

function nameOnly<P extends Present>(p: P): P {
  const { first_name, last_name, company } = p.visitor
  return { ...p, visitor: { first_name, last_name, company }, host: { name: p.host.name } }
}

/** Removes names. Marks stay: they name nobody, and whoever made them may sign in again and send them. */
export const dropNames = (): Promise<void> => change('kept', (s) => s.clear())

/** How many marks have not reached the server. */
export const unsent = async (): Promise<number> => (await all<Entry>('marks')).filter((e) => !e.sent).length

/** Removes everything. */
export async function wipe(): Promise<void> {
  await dropNames()
  await change('marks', (s) => s.clear())
  await change('starts', (s) => s.clear())
}
