import { Problem } from '../api/problem.ts'
import type { OwnMark } from './marks.ts'
import type { Kind, MarkMade, MarkResult } from './types.ts'

/**
 * Marks on their way to the server. Each goes to this device's disk at once and stays
 * there until the server's list, as this device keeps it, has the mark: after a loss
 * of power nothing is missing that was said to be kept. What happens twice happens
 * once, because each has an id of its own.
 */

/** A mark as it is kept. `call` is the key of a Start while the server does not know of the roll call. */
export type Entry = OwnMark & { site: string; call: string; by: string }

/** A roll call that began on this device, because the server did not answer. */
export type Start = { key: string; site: string; kind: Kind; at: string; by: string }

/** Where they are kept; it may fail, then they are only in memory. */
export type Shelf = {
  marks(): Promise<Entry[]>
  putMarks(entries: readonly Entry[]): Promise<void>
  dropMarks(ids: readonly string[]): Promise<void>
  starts(): Promise<Start[]>
  putStart(start: Start): Promise<void>
  dropStarts(keys: readonly string[]): Promise<void>
}

export type Server = {
  /** Starts the roll call or joins the one that goes on; returns its id. */
  start(start: Start): Promise<string>
  mark(site: string, call: string, marks: readonly Entry[]): Promise<{ mark_id: string; result: MarkResult }[]>
}

export type OutboxState = {
  entries: readonly Entry[]
  starts: readonly Start[]
  /** Marks that are not on the disk: not yet, or because it takes none. */
  unwritten: readonly string[]
  /** Marks that the server will not take, which somebody has to know. */
  refused: number
  /** false: this device keeps nothing, closing the page loses what is unsent. */
  durable: boolean
}

/** How many marks are on this device's disk and not known to be on the server. */
export const keptUnsent = ({ entries, unwritten }: OutboxState): number =>
  entries.filter((e) => !e.sent && !unwritten.includes(e.mark_id)).length

/** What the API takes at once. */
const batchMost = 500
/** More than this is not kept: 500 people, each marked several times. */
export const entriesMost = 5000
/** How long a mark is kept that the server took and nobody has seen on its list. */
const sentFor = 24 * 60 * 60_000

export class Outbox {
  private state: OutboxState = { entries: [], starts: [], unwritten: [], refused: 0, durable: true }
  private listeners = new Set<() => void>()
  private flushing: Promise<boolean> | null = null
  private latest = 0
  private loaded = Promise.resolve()
  /** The roll calls that starts became. */
  private became = new Map<string, string>()

  constructor(
    readonly by: string,
    private readonly shelf: Shelf,
    private readonly server: Server,
    private readonly draw: () => string,
    private readonly now: () => number,
  ) {}

  /** What an earlier page left. Another user's stays theirs. */
  load(): Promise<void> {
    this.loaded = this.recall()
    return this.loaded
  }

  private async recall(): Promise<void> {
    try {
      const [entries, starts] = [await this.shelf.marks(), await this.shelf.starts()]
      const known = new Set(this.state.entries.map((e) => e.mark_id))
      const old = (e: Entry) => e.sent && this.now() - Date.parse(e.marked_at) > sentFor
      const mine = entries.filter((e) => e.by === this.by && !known.has(e.mark_id) && !old(e))
      this.latest = Math.max(this.latest, ...mine.map((e) => Date.parse(e.marked_at)))
      await this.shelf.dropMarks(entries.filter(old).map((e) => e.mark_id))
      this.set({
        entries: [...mine, ...this.state.entries],
        starts: [...starts.filter((s) => s.by === this.by), ...this.state.starts],
      })
    } catch {
      this.set({ durable: false })
    }
  }

  read = (): OutboxState => this.state

  listen = (run: () => void): (() => void) => {
    this.listeners.add(run)
    return () => this.listeners.delete(run)
  }

  /**
   * Keeps a mark, in the order of this device's marks whatever its clock does.
   * @param ahead how far the server's clock is ahead of this device's, in milliseconds
   */
  async mark(site: string, call: string, visit: string, mark: MarkMade, ahead = 0): Promise<boolean> {
    if (this.state.entries.length >= entriesMost) return false
    this.latest = Math.max(this.latest + 1, Math.round(this.now() + ahead))
    const entry: Entry = {
      mark_id: this.draw(),
      site,
      call: this.became.get(call) ?? call,
      visit_id: visit,
      mark,
      marked_by: this.by,
      by: this.by,
      marked_at: new Date(this.latest).toISOString(),
      sent: false,
    }
    this.set({ entries: [...this.state.entries, entry], unwritten: [...this.state.unwritten, entry.mark_id] })
    await this.onDisk(async () => {
      await this.shelf.putMarks([entry])
      this.set({ unwritten: this.state.unwritten.filter((id) => id !== entry.mark_id) })
    })
    return true
  }

  /** Begins a roll call here; the server hears of it when it answers again. */
  async start(site: string, kind: Kind): Promise<Start> {
    const start: Start = { key: this.draw(), site, kind, at: new Date(this.now()).toISOString(), by: this.by }
    this.set({ starts: [...this.state.starts, start] })
    await this.onDisk(() => this.shelf.putStart(start))
    return start
  }

  /** The server's list has these, and is on the disk with them. */
  async seen(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const gone = new Set(ids)
    this.set({
      entries: this.state.entries.filter((e) => !gone.has(e.mark_id)),
      unwritten: this.state.unwritten.filter((id) => !gone.has(id)),
    })
    await this.onDisk(() => this.shelf.dropMarks(ids))
  }

  /** Sends what is unsent; false when the server did not answer for something. One at a time. */
  flush(): Promise<boolean> {
    this.flushing ??= this.send().finally(() => {
      this.flushing = null
    })
    return this.flushing
  }

  private async send(): Promise<boolean> {
    await this.loaded
    for (;;) {
      const start = this.state.starts[0]
      const first = this.state.entries.find((e) => !e.sent)
      if (!start && !first) return true
      try {
        if (start) await this.sendStart(start)
        else if (first) await this.sendMarks(first)
      } catch {
        return false
      }
    }
  }

  private async sendStart(start: Start): Promise<void> {
    try {
      const call = await this.server.start(start)
      this.became.set(start.key, call)
      this.set({ entries: this.state.entries.map((e) => (e.call === start.key ? { ...e, call } : e)) })
      // The marks first: a start that is sent twice joins the roll call that it began.
      await this.onDisk(() => this.shelf.putMarks(this.state.entries.filter((e) => e.call === call)))
    } catch (error) {
      if (!lasting(error)) throw error
    }
    this.set({ starts: this.state.starts.filter((s) => s.key !== start.key) })
    await this.onDisk(() => this.shelf.dropStarts([start.key]))
  }

  private async sendMarks(first: Entry): Promise<void> {
    const batch = this.state.entries.filter((e) => !e.sent && e.call === first.call).slice(0, batchMost)
    let results: { mark_id: string; result: MarkResult }[]
    try {
      results = await this.server.mark(first.site, first.call, batch)
    } catch (error) {
      if (!lasting(error)) throw error
      results = batch.map((e) => ({ mark_id: e.mark_id, result: 'not_listed' }))
    }
    const taken = new Set(results.filter((r) => r.result === 'taken' || r.result === 'known').map((r) => r.mark_id))
    const answered = new Set(batch.map((e) => e.mark_id))
    const refused = batch.filter((e) => !taken.has(e.mark_id)).map((e) => e.mark_id)
    const entries = this.state.entries
      .filter((e) => !answered.has(e.mark_id) || taken.has(e.mark_id))
      .map((e) => (taken.has(e.mark_id) ? { ...e, sent: true } : e))
    this.set({ entries, refused: this.state.refused + refused.length })
    await this.onDisk(() => this.shelf.putMarks(entries.filter((e) => taken.has(e.mark_id))))
    await this.onDisk(() => this.shelf.dropMarks(refused))
  }

  private async onDisk(write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch {
      this.set({ durable: false })
    }
  }

  private set(change: Partial<OutboxState>): void {
    this.state = { ...this.state, ...change }
    for (const run of this.listeners) run()
  }
}

/** Whether the same request will be refused for ever. Being signed out is not: one can sign in again. */
const lasting = (error: unknown): boolean =>
  error instanceof Problem && !error.passing && error.status >= 400 && error.status < 500 && error.status !== 401
