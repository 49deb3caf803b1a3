import { useEffect, useState } from 'react'

/** Whether this device can open the page without a network, or why not. */
export type Offline = 'insecure' | 'preparing' | 'ready' | 'failed'

const script = '/evacuation-worker.js'

/** Has the browser keep the page's files: for this page of this site, and no other. */
async function install(site: string): Promise<Offline> {
  const registration = await navigator.serviceWorker.register(script, { scope: `/sites/${site}/evacuation` })
  if (registration.active) return 'ready'
  const worker = registration.installing ?? registration.waiting
  if (!worker) return 'failed'
  return new Promise((done) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') done('ready')
      if (worker.state === 'redundant') done('failed')
    })
  })
}

export function useOffline(site: string): Offline {
  const possible = window.isSecureContext && 'serviceWorker' in navigator
  const [state, setState] = useState<Offline>(possible ? 'preparing' : 'insecure')
  useEffect(() => {
    if (!possible) return
    let here = true
    install(site)
      .catch((): Offline => 'failed')
      .then((now) => here && setState(now))
    return () => {
      here = false
    }
  }, [possible, site])
  return state
}

/** Undoes it, for all sites. */
export async function uninstall(): Promise<void> {
  if (!window.isSecureContext || !('serviceWorker' in navigator)) return
  for (const r of await navigator.serviceWorker.getRegistrations()) {
    if (new URL(r.scope).pathname.endsWith('/evacuation')) await r.unregister()
  }
  for (const name of await caches.keys()) if (name.startsWith('foyer-evacuation-')) await caches.delete(name)
}
