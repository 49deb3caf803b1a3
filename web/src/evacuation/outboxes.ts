import { useSyncExternalStore } from 'react'
import { api } from '../api/client.ts'
import { shelf } from './keep.ts'
import { type Entry, Outbox, type OutboxState, type Server } from './outbox.ts'

const server: Server = {
  async start({ site, kind, key }) {
    const { roll_call } = await api.post('/api/v1/sites/{site}/roll-calls', { path: { site }, body: { kind }, key })
    return roll_call.id
  },
  async mark(site, call, marks) {
    const body = { marks: marks.map(({ mark_id, visit_id, mark, marked_at }) => ({ mark_id, visit_id, mark, marked_at })) }
    const path = { site, rollcall: call }
    const { results } = await api.post('/api/v1/sites/{site}/roll-calls/{rollcall}/marks', { path, body })
    return results ?? []
  },
}

/** A random UUID (RFC 9562 5.4). crypto.randomUUID needs HTTPS, which a house network may lack. */
export function uuid(): string {
  const b = crypto.getRandomValues(new Uint8Array(16))
  b[6] = (b[6]! & 0x0f) | 0x40
  b[8] = (b[8]! & 0x3f) | 0x80
  const hex = Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const outboxes = new Map<string, Outbox>()

/** The marks of somebody on this device: one outbox, whoever asks. */
export function outboxOf(actor: string): Outbox {
  let box = outboxes.get(actor)
  if (!box) {
    box = new Outbox(actor, shelf, server, uuid, Date.now)
    outboxes.set(actor, box)
    void box.load()
  }
  return box
}

/** What an open page holds, on its last occasion; a device that lost its network does not wait for it. */
export async function sendAll(): Promise<void> {
  const patience = new Promise((go) => setTimeout(go, 3_000))
  await Promise.race([Promise.all([...outboxes.values()].map((box) => box.flush())), patience])
}

/** After everything was wiped. */
export const forgetOutboxes = (): void => outboxes.clear()

export const useOutbox = (box: Outbox): OutboxState => useSyncExternalStore(box.listen, box.read)

/** Those of a roll call, and those of one that began here and is to join it. */
export const entriesOf = (state: OutboxState, site: string, call: string): Entry[] => {
  const joining = new Set(state.starts.filter((s) => s.site === site).map((s) => s.key))
  return state.entries.filter((e) => e.site === site && (e.call === call || joining.has(e.call)))
}
