import { expect, test } from 'vitest'
import { Problem } from '../src/api/problem.ts'
import { type Kept, keepRead } from '../src/evacuation/keep.ts'
import { type Entry, entriesMost, keptUnsent, Outbox, type Server, type Shelf, type Start } from '../src/evacuation/outbox.ts'
import type { MarkResult } from '../src/evacuation/types.ts'

/** A device's disk, which may be full. */
class Disk implements Shelf {
  entries = new Map<string, Entry>()
  begun = new Map<string, Start>()
  broken = false

  private work<T>(run: () => T): Promise<T> {
    return this.broken ? Promise.reject(new Error('full')) : Promise.resolve(run())
  }
  marks = () => this.work(() => [...this.entries.values()])
  putMarks = (list: readonly Entry[]) => this.work(() => list.forEach((e) => this.entries.set(e.mark_id, structuredClone(e))))
  dropMarks = (ids: readonly string[]) => this.work(() => ids.forEach((id) => this.entries.delete(id)))
  starts = () => this.work(() => [...this.begun.values()])
  putStart = (s: Start) => this.work(() => void this.begun.set(s.key, s))
  dropStarts = (keys: readonly string[]) => this.work(() => keys.forEach((k) => this.begun.delete(k)))
}

/** A server as far as marks go; `away` says why it does not answer, `loses` that its answer gets lost. */
class Hub implements Server {
  taken = new Map<string, { call: string; visit: string; mark: string; at: string }>()
  calls = new Map<string, string>()
  requests: number[] = []
  away: Problem | null = null
  loses = false
  late = new Set<string>()

  async start({ key }: Start): Promise<string> {
    if (this.away) throw this.away
    if (!this.calls.has(key)) this.calls.set(key, `call-of-${key}`)
    return this.calls.get(key)!
  }
  async mark(_: string, call: string, marks: readonly Entry[]): Promise<{ mark_id: string; result: MarkResult }[]> {
    this.requests.push(marks.length)
    if (this.away) throw this.away
    const results = marks.map((m) => {
      const known = this.taken.has(m.mark_id)
      if (this.late.has(m.visit_id)) return { mark_id: m.mark_id, result: 'too_late' as const }
      this.taken.set(m.mark_id, { call, visit: m.visit_id, mark: m.mark, at: m.marked_at })
      return { mark_id: m.mark_id, result: known ? ('known' as const) : ('taken' as const) }
    })
    if (this.loses) throw new Problem(0, 'unreachable', '')
    return results
  }
}

let drawn = 0

function setup(disk = new Disk(), hub = new Hub(), by = 'user:a') {
  const clock = { now: 1_000_000 }
  const box = new Outbox(by, disk, hub, () => `id-${drawn++}`, () => clock.now)
  return { box, disk, hub, clock }
}

const gone = new Problem(0, 'unreachable', '')

test('marks without a network are kept, survive the page, and are sent once however often', async () => {
  const { box, disk, hub, clock } = setup()
  hub.away = gone
  await box.mark('s', 'c', 'v1', 'safe')
  await box.mark('s', 'c', 'v2', 'missing')
  expect(await box.flush()).toBe(false)

  // The tablet lost its power.
  clock.now += 60_000
  const after = setup(disk, hub)
  await after.box.load()
  expect(after.box.read().entries.map((e) => [e.visit_id, e.mark, e.sent])).toEqual([
    ['v1', 'safe', false],
    ['v2', 'missing', false],
  ])
  hub.away = null
  hub.loses = true
  expect(await after.box.flush()).toBe(false)
  hub.loses = false
  expect(await after.box.flush()).toBe(true)
  expect([...hub.taken.values()].map((m) => m.visit)).toEqual(['v1', 'v2'])
  expect(after.box.read().entries.every((e) => e.sent)).toBe(true)

  // They stay until the server's list has them.
  await after.box.seen(after.box.read().entries.map((e) => e.mark_id))
  expect([after.box.read().entries.length, disk.entries.size]).toEqual([0, 0])
})

test('a mark is said to be kept when the disk has it', async () => {
  const { box, disk } = setup()
  const marking = box.mark('s', 'c', 'v', 'safe')
  expect([box.read().entries.length, keptUnsent(box.read())]).toEqual([1, 0])
  await marking
  expect([disk.entries.size, keptUnsent(box.read())]).toEqual([1, 1])
  disk.broken = true
  await box.mark('s', 'c', 'v', 'missing')
  expect([box.read().entries.length, keptUnsent(box.read())]).toEqual([2, 1])
})

test('a mark leaves the disk only when the list that has it is there', async () => {
  const { box, disk } = setup()
  await box.mark('s', 'c', 'v', 'safe')
  await box.flush()
  const [made] = box.read().entries
  const read = { call: { people: [{ visit_id: 'v', marks: [made] }] } } as unknown as Kept
  await expect(keepRead(read, box, () => Promise.reject(new Error('full')))).rejects.toThrow('full')
  expect(disk.entries.size).toBe(1)
  const onDisk: number[] = []
  await keepRead(read, box, async () => void onDisk.push(disk.entries.size))
  expect([onDisk, disk.entries.size, box.read().entries.length]).toEqual([[1], 0, 0])
})

test('the order of marks is theirs, whatever the clock does', async () => {
  const { box, disk, clock } = setup()
  await box.mark('s', 'c', 'v', 'missing')
  clock.now -= 3_600_000
  await box.mark('s', 'c', 'v', 'safe')
  await box.mark('s', 'c', 'v', 'missing')
  const after = setup(disk)
  await after.box.load()
  after.clock.now = clock.now
  await after.box.mark('s', 'c', 'v', 'not_here')
  const times = after.box.read().entries.map((e) => Date.parse(e.marked_at))
  expect(times.toSorted((a, b) => a - b)).toEqual(times)
  expect(new Set(times).size).toBe(4)
})

test('a device whose clock is off marks by the server’s', async () => {
  const { box, clock } = setup()
  await box.mark('s', 'c', 'v', 'safe', 86_400_000)
  expect(Date.parse(box.read().entries[0]!.marked_at)).toBe(clock.now + 86_400_000)
})

test('a roll call that began here becomes the server’s, with all its marks', async () => {
  const { box, disk, hub } = setup()
  hub.away = gone
  const start = await box.start('s', 'real')
  await box.mark('s', start.key, 'v1', 'safe')
  expect(await box.flush()).toBe(false)
  const after = setup(disk, hub)
  await after.box.load()
  expect(after.box.read().starts).toEqual([start])
  hub.away = null
  const sending = after.box.flush()
  await after.box.mark('s', start.key, 'v2', 'not_here') // meanwhile
  expect(await sending).toBe(true)
  await after.box.mark('s', start.key, 'v3', 'safe') // by a page that has not heard
  expect(await after.box.flush()).toBe(true)
  expect([...hub.taken.values()].map((m) => [m.visit, m.call])).toEqual(
    ['v1', 'v2', 'v3'].map((v) => [v, `call-of-${start.key}`]),
  )
  expect([hub.calls.size, disk.begun.size, after.box.read().starts.length]).toEqual([1, 0, 0])
})

test('what is refused for good is told and not tried for ever', async () => {
  const { box, disk, hub } = setup()
  hub.late.add('v2')
  await box.mark('s', 'c', 'v1', 'safe')
  await box.mark('s', 'c', 'v2', 'safe')
  expect(await box.flush()).toBe(true)
  expect([box.read().refused, box.read().entries.length]).toEqual([1, 1])
  hub.away = new Problem(404, 'roll_call_not_found', '')
  await box.mark('s', 'other', 'v3', 'safe')
  expect(await box.flush()).toBe(true)
  expect([box.read().refused, disk.entries.size]).toEqual([2, 1])
})

test.each([401, 429, 500, 503])('%i keeps them', async (status) => {
  const { box, disk, hub } = setup()
  hub.away = new Problem(status, 'x', '')
  await box.mark('s', 'c', 'v', 'safe')
  expect(await box.flush()).toBe(false)
  expect([box.read().refused, disk.entries.size]).toEqual([0, 1])
})

test('another user’s marks are neither shown nor sent as one’s own', async () => {
  const { box, disk, hub } = setup()
  hub.away = gone
  await box.mark('s', 'c', 'v', 'safe')
  const other = setup(disk, hub, 'user:b')
  hub.away = null
  await other.box.load()
  expect(other.box.read().entries).toEqual([])
  expect(await other.box.flush()).toBe(true)
  expect([hub.taken.size, disk.entries.size]).toEqual([0, 1])
})

test('a request carries what the server takes, and the queue has an end', async () => {
  const { box, hub } = setup()
  for (let i = 0; i < entriesMost; i++) expect(await box.mark('s', 'c', `v${i}`, 'safe')).toBe(true)
  expect(await box.mark('s', 'c', 'more', 'safe')).toBe(false)
  expect(await box.flush()).toBe(true)
  expect(new Set(hub.requests)).toEqual(new Set([500]))
  expect(hub.taken.size).toBe(entriesMost)
})

test('a browser that keeps nothing says so, and sends all the same', async () => {
  const { box, disk, hub } = setup()
  disk.broken = true
  await box.load()
  await box.mark('s', 'c', 'v', 'safe')
  expect(box.read().durable).toBe(false)
  expect(await box.flush()).toBe(true)
  expect(hub.taken.size).toBe(1)
})

test('what was sent a day ago is not kept for ever', async () => {
  const { box, disk, hub, clock } = setup()
  await box.mark('s', 'c', 'v', 'safe')
  await box.flush()
  const later = setup(disk, hub)
  later.clock.now = clock.now + 25 * 3_600_000
  await later.box.load()
  expect([later.box.read().entries.length, disk.entries.size]).toEqual([0, 0])
})
