import { useCallback, useEffect, useRef, useState } from 'react'

/** Nothing moves under a thumb: a list changes its rows only when it was left alone for this long. */
const quietFor = 2_500

type Row = { visit_id: string }

/**
 * The rows that are wanted; but where somebody has just touched the list, those that
 * were there, as they are now. Otherwise a second tap would mark whoever moved up.
 * What was asked for anew (`asked`) is shown at once.
 */
export function useSteady<R extends Row>(all: readonly R[], wanted: readonly R[], asked: string): { shown: readonly R[]; touched: () => void } {
  const [, again] = useState(0)
  const touchedAt = useRef(0)
  const before = useRef<{ asked: string; ids: readonly string[] }>({ asked, ids: [] })
  const held = Date.now() - touchedAt.current < quietFor && before.current.asked === asked
  if (!held) before.current = { asked, ids: wanted.map((p) => p.visit_id) }

  useEffect(() => {
    if (!held) return
    const timer = setTimeout(() => again((n) => n + 1), quietFor)
    return () => clearTimeout(timer)
  })
  const touched = useCallback(() => {
    touchedAt.current = Date.now()
  }, [])

  if (!held) return { shown: wanted, touched }
  const now = new Map(all.map((p) => [p.visit_id, p]))
  return { shown: before.current.ids.flatMap((id) => now.get(id) ?? []), touched }
}
