import { beforeEach, describe, expect, test } from 'vitest'
import { type Listener, LiveLink, type LiveState, type Socket, type World } from '../src/live/link.ts'

/** A world whose clock is moved by hand. */
class Fake implements World {
  time = 1_000_000
  sockets: (Socket & { cursor: string; closed: boolean })[] = []
  polls = 0
  answers = true
  private timers: { at: number; run: () => void; on: boolean }[] = []

  open(cursor: string): Socket {
    const socket = { cursor, closed: false, onmessage: null, onclose: null, close: () => {} }
    socket.close = () => {
      socket.closed = true
    }
    this.sockets.push(socket)
    return socket
  }
  poll = async () => {
    this.polls++
    return this.answers
  }
  probes = 0
  probe = async () => {
    this.probes++
    return this.answers
  }
  now = () => this.time
  random = () => 1
  after(milliseconds: number, run: () => void) {
    const timer = { at: this.time + milliseconds, run, on: true }
    this.timers.push(timer)
    return () => {
      timer.on = false
    }
  }
  get socket() {
    const last = this.sockets.at(-1)
    if (!last) throw new Error('no socket')
    return last
  }
  say(message: object) {
    this.socket.onmessage?.({ data: JSON.stringify(message) })
  }
  async pass(milliseconds: number) {
    for (const end = this.time + milliseconds; ; ) {
      const next = this.timers.filter((t) => t.on && t.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) {
        this.time = end
        return
      }
      this.time = next.at
      next.on = false
      next.run()
      await Promise.resolve().then(() => {})
    }
  }
}

describe('the live link', () => {
  let world: Fake
  let states: string[]
  let last: LiveState | undefined
  let events: string[]
  let details: string[]
  let resyncs: number
  let link: LiveLink

  beforeEach(() => {
    world = new Fake()
    states = []
    events = []
    details = []
    resyncs = 0
    const listener: Listener = {
      state: (s) => {
        last = s
        states.push(s.kind)
      },
      event: (e) => events.push(e.id),
      detail: (id) => details.push(id),
      resync: () => resyncs++,
    }
    link = new LiveLink(world, listener)
    link.start()
  })

  const event = (id: string, cursor: string) =>
    world.say({ type: 'event', cursor, event: { id, kind: 'visitor.checked_in', at: '' } })

  test('reads again what was read before the first hello', () => {
    world.say({ type: 'hello', cursor: 'c1' })
    expect([states, resyncs]).toEqual([['live'], 1])
  })

  test('comes back by the last cursor it saw and misses nothing', async () => {
    world.say({ type: 'hello', cursor: 'c1' })
    event('e1', 'c2')
    world.socket.onclose?.({ code: 1012 })
    expect(last?.kind).toBe('reconnecting')
    await world.pass(500)
    expect(world.socket.cursor).toBe('c2')
    world.say({ type: 'hello', cursor: 'c2' })
    event('e2', 'c3')
    expect([events, resyncs, last?.kind]).toEqual([['e1', 'e2'], 1, 'live'])
    const polls = world.polls
    await world.pass(60_000)
    expect(world.polls).toBe(polls)
  })

  test('reads everything again when the server says so', async () => {
    world.say({ type: 'hello', cursor: 'c1' })
    world.socket.onclose?.({ code: 1006 })
    await world.pass(500)
    world.say({ type: 'resync', cursor: 'c9' })
    expect([resyncs, last?.kind]).toEqual([2, 'live'])
  })

  test('polls meanwhile, and says since when nothing gets through', async () => {
    world.say({ type: 'hello', cursor: 'c1' })
    const cut = world.time
    const hangUp = () => world.socket.onclose?.({ code: 1006 })
    hangUp()
    await world.pass(5_000)
    expect([world.polls, last?.kind]).toEqual([1, 'reconnecting'])
    world.answers = false
    await world.pass(10_000)
    expect(last).toEqual({ kind: 'stale', since: cut + 5_000 })
    world.answers = true
    await world.pass(5_000)
    expect(last?.kind).toBe('reconnecting')
  })

  test('waits longer from try to try, and not at all when the network is back', async () => {
    for (let i = 0; i < 12; i++) {
      world.socket.onclose?.({ code: 1006 })
      await world.pass(20_000)
    }
    expect(world.sockets.length).toBe(13)
    world.socket.onclose?.({ code: 1006 })
    await world.pass(10_000)
    expect(world.sockets.length).toBe(13)
    link.nudge()
    expect(world.sockets.length).toBe(14)
  })

  test('notices by the missing beat a link that is dead without saying so', async () => {
    world.say({ type: 'hello', cursor: 'c1', beat: 15 })
    for (let i = 0; i < 4; i++) {
      await world.pass(15_000)
      world.say({ type: 'beat', cursor: 'c1' })
    }
    expect([world.sockets.length, states, world.probes]).toEqual([1, ['live'], 0])
    await world.pass(19_000)
    event('e1', 'c2')
    await world.pass(19_000)
    expect(states).toEqual(['live'])
    await world.pass(2_000)
    expect(states).toEqual(['live', 'reconnecting'])
    expect(world.sockets[0]?.closed).toBe(true)
    await world.pass(500)
    expect(world.socket.cursor).toBe('c2')
    const heard = world.time - 20_000 - 1_000 - 500
    world.answers = false
    await world.pass(5_000)
    expect(last).toEqual({ kind: 'stale', since: heard })
  })

  test('counts on no beat of a server that promises none', async () => {
    world.say({ type: 'hello', cursor: 'c1' })
    await world.pass(10 * 60_000)
    expect([world.sockets.length, states]).toEqual([1, ['live']])
  })

  test('a beat is no news, and neither is what it does not know', async () => {
    world.say({ type: 'hello', cursor: 'c1', beat: 15 })
    world.say({ type: 'beat', cursor: 'c1' })
    world.say({ type: 'of a newer server', cursor: 'c2' })
    expect([resyncs, events, details]).toEqual([1, [], []])
    world.socket.onclose?.({ code: 1012 })
    await world.pass(500)
    expect(world.socket.cursor).toBe('c2')
    world.say({ type: 'beat', cursor: 'c2' })
    expect(last?.kind).toBe('reconnecting')
  })

  test("tells of news on a visit's page", () => {
    world.say({ type: 'hello', cursor: 'c1', beat: 15 })
    world.say({ type: 'detail', cursor: 'c1', visit_id: 'v1' })
    expect([details, resyncs]).toEqual([['v1'], 1])
  })

  test('asks at once when the network may have changed', async () => {
    world.say({ type: 'hello', cursor: 'c1', beat: 15 })
    link.nudge()
    await world.pass(0)
    expect(states).toEqual(['live'])
    world.answers = false
    link.nudge()
    await world.pass(0)
    expect(states).toEqual(['live', 'reconnecting'])
  })

  test('stops for good', async () => {
    world.say({ type: 'hello', cursor: 'c1' })
    link.stop()
    await world.pass(60_000)
    link.nudge()
    expect([world.sockets.length, world.polls, world.socket.closed]).toEqual([1, 0, true])
  })
})
