import { useEffect, useRef, useState } from 'react'

/**
 * Runs one thing at a time and keeps its error for showing. Answers that hold
 * credentials pass through here and not through the query cache, which would keep them.
 */
export function useAct() {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const here = useRef(true)
  const running = useRef(false)
  useEffect(() => {
    here.current = true
    return () => {
      here.current = false
    }
  }, [])

  const run = async (act: () => Promise<void>) => {
    if (running.current) return
    running.current = true
    setBusy(true)
    setError(null)
    try {
      await act()
    } catch (e) {
      if (here.current) setError(e)
    } finally {
      running.current = false
      if (here.current) setBusy(false)
    }
  }
  return { busy, error, run }
}
