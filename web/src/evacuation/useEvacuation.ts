import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { meQuery, sitesQuery } from '../api/queries.ts'
import type { Me } from '../api/types.ts'
import { Again } from '../live/again.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useSite } from '../site.tsx'
import { keepRead, type Kept, kept } from './keep.ts'
import { asListed, overlay, type Person } from './marks.ts'
import type { Outbox } from './outbox.ts'
import { entriesOf, outboxOf, useOutbox } from './outboxes.ts'
import { listQuery, rollCallQuery, rollCallsQuery } from './queries.ts'
import { beganWithout } from './session.ts'
import type { EvacuationList, RollCall, RollCallDetail } from './types.ts'

/** Events say when something changed; this is for what has none, such as when WiFi was last seen. */
const readEvery = 15_000
const sendEvery = 3_000
/** So much a device may lose of what it read when its power goes. */
const keepEvery = 500

export type Shown = {
  list: EvacuationList | null
  call: RollCallDetail | null
  calls: readonly RollCall[]
  /** By this device's clock. */
  readAt: number
  /** How far the server's clock is ahead of this device's, in milliseconds. */
  ahead: number
}

type Showing = {
  /** What the server said last, else what this device kept of it; null until there is something. */
  shown: Shown | null
  /** Whether this device has a list on its disk. */
  kept: boolean
  error: unknown
  again: () => void
}

export function useShown(box: Outbox): Showing {
  const site = useSite()
  const calls = useQuery({ ...rollCallsQuery(site.id), refetchInterval: readEvery })
  const open = calls.data?.find((c) => !c.ended_at)?.id ?? ''
  const list = useQuery({ ...listQuery(site.id), refetchInterval: readEvery, enabled: calls.isSuccess && !open })
  const call = useQuery({ ...rollCallQuery(site.id, open), refetchInterval: readEvery, enabled: open !== '' })
  const part = open ? call : list
  const readAt = Math.min(calls.dataUpdatedAt, part.dataUpdatedAt)

  const read = useMemo((): Shown | null => {
    if (!calls.data || !part.data) return null
    const ahead = Date.parse('now' in part.data ? part.data.now : part.data.at) - part.dataUpdatedAt
    return { list: list.data ?? null, call: open ? (call.data ?? null) : null, calls: calls.data, readAt, ahead }
  }, [calls.data, part.data, part.dataUpdatedAt, list.data, call.data, open, readAt])
  const [before, has] = useKept(site.id, read, box)
  // Between a roll call's end and the list after it, what was read last stays.
  const last = useRef<Shown | null>(null)
  if (read) last.current = read
  return { shown: last.current ?? before, kept: has, error: calls.error ?? part.error, again: () => void calls.refetch() }
}

/** Keeps what was read; brings what an earlier page kept, and whether anything is. */
function useKept(site: string, read: Shown | null, box: Outbox): [Kept | null, boolean] {
  const client = useQueryClient()
  const whole = useSite()
  const [before, setBefore] = useState<Kept | null>(null)
  const latest = useRef<Kept | null>(null)
  const [written, setWritten] = useState(false)
  const [saver] = useState(() => new Again(save, keepEvery))

  useEffect(() => {
    let here = true
    kept(site)
      .then((k) => here && setBefore(k))
      .catch(() => {}) // a browser that keeps nothing
    return () => {
      here = false
    }
  }, [site])

  // What comes in after somebody has signed out is not kept.
  useEffect(
    () => () => {
      latest.current = null
    },
    [],
  )

  useEffect(() => {
    const me = client.getQueryData<Me>(meQuery.queryKey)
    if (!read || !me) return
    // The list at the start is the one that a roll call can begin with when the server is away.
    latest.current = { ...read, list: read.list ?? latest.current?.list ?? null, calls: [...read.calls], site: whole, me }
    saver.ask()
    if (beganWithout()) {
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
      void client.invalidateQueries({ queryKey: sitesQuery.queryKey })
    }
  }, [client, read, saver, whole])
  return [before, written || before !== null]

  async function save() {
    if (!latest.current) return
    await keepRead(latest.current, box)
    setWritten(true)
  }
}

export type Going = { rollCall: RollCall; people: Person[]; /** The server does not know of it yet. */ here: boolean }

/** The roll call that goes on, with what was marked on this device. */
export function useGoing(shown: Shown | null, box: Outbox): Going | null {
  const site = useSite()
  const state = useOutbox(box)
  const call = shown?.call
  return useMemo((): Going | null => {
    if (call) {
      const own = entriesOf(state, site.id, call.roll_call.id)
      return { rollCall: call.roll_call, people: overlay(call.people ?? [], own), here: false }
    }
    const start = state.starts.find((s) => s.site === site.id)
    if (!start || !shown?.list) return null
    const rollCall = { id: start.key, site_id: site.id, kind: start.kind, started_at: start.at, started_by: start.by }
    const people = overlay(asListed(shown.list.people ?? [], start.at), entriesOf(state, site.id, start.key))
    return { rollCall, people, here: true }
  }, [call, shown?.list, state, site.id])
}

/** Sends what is unsent: at once, when the network is back, and every few seconds. */
export function useSending(box: Outbox): void {
  const client = useQueryClient()
  const site = useSite()
  const live = useLive().kind
  const { entries, starts } = useOutbox(box)
  const waiting = starts.length > 0 || entries.some((e) => !e.sent)
  useEffect(() => {
    if (!waiting) return
    const send = async () => {
      if (await box.flush()) await client.invalidateQueries({ queryKey: ['evacuation', site.id] }, { cancelRefetch: false })
    }
    void send()
    const timer = setInterval(send, sendEvery)
    window.addEventListener('online', send)
    return () => {
      clearInterval(timer)
      window.removeEventListener('online', send)
    }
  }, [box, client, site.id, waiting, live])
}

export const useBox = (me: Me): Outbox => outboxOf(`${me.kind}:${me.id}`)
