/**
 * One screen's link to GET /api/v1/live: it says what happened, not how things are.
 * Cut, it comes back by its cursor and gets what it missed; meanwhile it polls.
 *
 *   connecting ─hello▶ live ─cut▶ reconnecting ─hello▶ live
 *                                     └─ no answer to a poll either ▶ stale ─▶ …
 *
 * A cable pulled says nothing, and a page is not told of pings: the server sends a beat
 * where it has nothing else to say, and silence beyond it means that the link is dead.
 *
 * The clock, chance and the network are arguments, so that tests own them.
 */

export type LiveState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** The link is cut, polls get through. */
  | { kind: 'reconnecting' }
  /** Nothing gets through; what is shown is of this instant. */
  | { kind: 'stale'; since: number }

export type LiveEvent = { id: string; kind: string; site_id?: string; visit_id?: string; agent_id?: string; at: string }

type Message = {
  /** hello, event, detail, beat, resync, and what a newer server may say */
  type: string
  cursor: string
  event?: LiveEvent
  visit_id?: string
  beat?: number
}

export type Socket = {
  onmessage: ((message: { data: unknown }) => void) | null
  onclose: ((close: { code: number }) => void) | null
  close(): void
}

export type World = {
  open(cursor: string): Socket
  /** Reads again what is shown; false when that did not work. */
  poll(): Promise<boolean>
  /** Whether the server still answers, cheaply. */
  probe(): Promise<boolean>
  now(): number
  random(): number
  after(milliseconds: number, run: () => void): () => void
}

export type Listener = {
  state(state: LiveState): void
  event(event: LiveEvent): void
  /** The page of a visit has news that are no event. */
  detail(visit: string): void
  /** Events may have been missed: everything shown must be read again. */
  resync(): void
}

const pollEvery = 5_000
/** How late a beat may be, in milliseconds. */
const beatSlack = 5_000
const staleAfter = 8_000
const backoffMost = 20_000

export class LiveLink {
  private socket: Socket | null = null
  private cursor = ''
  private tries = 0
  private good: number
  /** How long the server may be silent; 0: it has not said. */
  private silence = 0
  private state: LiveState = { kind: 'connecting' }
  private timers = new Map<'dial' | 'poll' | 'silence', () => void>()
  private stopped = false

  constructor(
    private readonly world: World,
    private readonly listener: Listener,
  ) {
    this.good = world.now()
  }

  start(): void {
    this.dial()
    this.set('poll', pollEvery, () => this.poll())
  }

  stop(): void {
    this.stopped = true
    for (const cancel of this.timers.values()) cancel()
    this.timers.clear()
    this.drop()
  }

  /** Something suggests that the network is back: do not wait for the next try. */
  nudge(): void {
    if (this.stopped) return
    if (this.state.kind === 'live') this.probe()
    else if (!this.socket) this.dial()
  }

  private dial(): void {
    this.set('dial', 0, null)
    const socket = this.world.open(this.cursor)
    this.socket = socket
    socket.onmessage = (message) => this.hear(String(message.data))
    socket.onclose = () => this.cut()
  }

  private hear(text: string): void {
    const message = JSON.parse(text) as Message
    const first = this.cursor === ''
    this.cursor = message.cursor
    this.good = this.world.now()
    if (message.type === 'hello' || message.type === 'resync') this.silence = (message.beat ?? 0) * 1_000
    this.set('silence', this.silence + beatSlack, this.silence ? () => this.cut(this.good) : null)
    switch (message.type) {
      case 'event':
        if (message.event) this.listener.event(message.event)
        return
      case 'detail':
        if (message.visit_id) this.listener.detail(message.visit_id)
        return
      case 'hello':
      case 'resync':
        this.tries = 0
        this.set('poll', 0, null)
        this.show({ kind: 'live' })
        // What was read before the first hello may lack what happened in between.
        if (first || message.type === 'resync') this.listener.resync()
    }
  }

  /** The socket closed, or nobody answers at its other end: what is shown was good until then. */
  private cut(goodUntil = this.world.now()): void {
    this.drop()
    if (this.stopped) return
    if (this.state.kind === 'live') {
      this.good = goodUntil
      this.show({ kind: 'reconnecting' })
    }
    this.set('silence', 0, null)
    this.set('poll', pollEvery, () => this.poll())
    const most = Math.min(500 * 2 ** this.tries++, backoffMost)
    this.set('dial', most * (0.5 + this.world.random() / 2), () => this.dial())
  }

  private drop(): void {
    if (!this.socket) return
    this.socket.onmessage = this.socket.onclose = null
    this.socket.close()
    this.socket = null
  }

  private async poll(): Promise<void> {
    const answered = await this.world.poll()
    if (this.stopped || this.state.kind === 'live') return
    const now = this.world.now()
    if (answered) {
      this.good = now
      this.show({ kind: 'reconnecting' })
    } else if (now - this.good >= staleAfter) {
      this.show({ kind: 'stale', since: this.good })
    }
    this.set('poll', pollEvery, () => this.poll())
  }

  /** Asked when something suggests that the network changed: the beat would tell later. */
  private async probe(): Promise<void> {
    const socket = this.socket
    const answered = await this.world.probe()
    if (!this.stopped && this.socket === socket && socket && !answered) this.cut()
  }

  private show(state: LiveState): void {
    const same = this.state.kind === state.kind
    this.state = state
    if (!same) this.listener.state(state)
  }

  private set(name: 'dial' | 'poll' | 'silence', milliseconds: number, run: (() => void) | null): void {
    this.timers.get(name)?.()
    this.timers.delete(name)
    if (run && !this.stopped) this.timers.set(name, this.world.after(milliseconds, run))
  }
}
