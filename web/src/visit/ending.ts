import type { Session, Termination } from '../api/types.ts'

/** What is known about ending one session: the last result, and every request that was made. */
export type SessionEnding = {
  key: string
  session: Session | undefined
  last: Termination
  attempts: { at: string; answer: string; errorCause: number | undefined }[]
}

const settled: readonly string[] = ['confirmed', 'absent', 'left_to_timeout']

/** Whether the session is proven gone, or its access point ends it by itself. */
export const isSettled = (t: Termination) => settled.includes(t.state)

/** Results arrive one by one and repeat what came before; a person wants one story a session. */
export function endings(terminations: readonly Termination[], sessions: readonly Session[]): SessionEnding[] {
  const found = new Map<string, SessionEnding>()
  for (const t of terminations.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    const key = t.session_id ?? t.nas_id ?? ''
    const before = found.get(key)
    const attempts = new Map((before?.attempts ?? []).map((a) => [a.at, a]))
    for (const a of t.attempts) attempts.set(a.at, { at: a.at, answer: a.answer, errorCause: a.error_cause })
    found.set(key, {
      key,
      session: sessions.find((s) => s.id === t.session_id),
      last: t,
      attempts: [...attempts.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
    })
  }
  return [...found.values()]
}

/** When the first of them is asked again; null where nothing is scheduled. */
export function nextTry(list: readonly SessionEnding[]): string | null {
  const times = list.flatMap((e) => (e.last.next_try_at && !e.session?.ended_at ? [e.last.next_try_at] : []))
  return times.sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null
}
