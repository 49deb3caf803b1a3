import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { api } from '../api/client.ts'
import { Follower } from './follow.ts'
import { LiveLink, type LiveState, type Socket } from './link.ts'

const LiveContext = createContext<LiveState>({ kind: 'connecting' })

export const useLive = () => useContext(LiveContext)

/** Keeps everything below it in step with one site. */
export function LiveProvider({ site, children }: { site: string; children: ReactNode }) {
  const client = useQueryClient()
  const [state, setState] = useState<LiveState>({ kind: 'connecting' })

  useEffect(() => {
    const follower = new Follower(client, site)
    const link = new LiveLink(
      {
        open: (cursor) => openSocket(site, cursor),
        poll: () => follower.resync(),
        probe: () => answers(),
        now: Date.now,
        random: Math.random,
        after: (milliseconds, run) => {
          const timer = setTimeout(run, milliseconds)
          return () => clearTimeout(timer)
        },
      },
      { state: setState, event: (e) => follower.event(e), detail: (id) => follower.detail(id), resync: () => void follower.resync() },
    )
    const back = () => {
      if (document.visibilityState === 'visible') link.nudge()
    }
    window.addEventListener('online', back)
    // A network that is lost closes no socket.
    window.addEventListener('offline', back)
    document.addEventListener('visibilitychange', back)
    link.start()
    return () => {
      window.removeEventListener('online', back)
      window.removeEventListener('offline', back)
      document.removeEventListener('visibilitychange', back)
      link.stop()
      follower.stop()
    }
  }, [client, site])

  return <LiveContext.Provider value={state}>{children}</LiveContext.Provider>
}

function openSocket(site: string, cursor: string): Socket {
  const query = new URLSearchParams({ site_id: site })
  if (cursor) query.set('cursor', cursor)
  return new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/live?${query}`) as Socket
}

/** Who was signed out learns it here: a refused socket does not say why. */
async function answers(): Promise<boolean> {
  try {
    await api.get('/api/v1/me', { signal: AbortSignal.timeout(5_000) })
    return true
  } catch {
    return false
  }
}
