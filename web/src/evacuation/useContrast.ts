import { useEffect, useState } from 'react'
import { stored } from '../stored.ts'

/** In the sun greys are not to be told apart: pages about evacuations are black and white until somebody says otherwise. */
let high = stored.get('contrast') !== 'normal'
const listeners = new Set<() => void>()

/** The whole window follows, as long as the page is shown. */
export function useContrast(): { high: boolean; setHigh: (high: boolean) => void } {
  const [, changed] = useState(0)
  useEffect(() => {
    const run = () => {
      document.documentElement.toggleAttribute('data-contrast', high)
      changed((n) => n + 1)
    }
    run()
    listeners.add(run)
    return () => {
      listeners.delete(run)
      if (listeners.size === 0) document.documentElement.removeAttribute('data-contrast')
    }
  }, [])
  return {
    high,
    setHigh: (next) => {
      high = next
      stored.set('contrast', next ? 'high' : 'normal')
      for (const run of listeners) run()
    },
  }
}
