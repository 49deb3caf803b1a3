import { useEffect, useState } from 'react'
import { api } from '../api/client.ts'
import type { components } from '../api/schema.ts'
import { useSite } from '../site.tsx'

export type Proposal = components['schemas']['ProposeKeysAnswer']

/**
 * A fresh pair of keys of some size from the server, which keeps nothing of it. It is
 * held here and in no cache, for as long as the form is open that offers it.
 */
export function useProposal(bits: number | null): { proposal: Proposal | null; error: unknown; again: () => void } {
  const site = useSite()
  const [made, setMade] = useState<{ bits: number; proposal: Proposal } | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [tries, setTries] = useState(0)
  useEffect(() => {
    if (bits === null) return
    const stop = new AbortController()
    setError(null)
    api
      .post('/api/v1/sites/{site}/zones/keys', {
        path: { site: site.id },
        body: { key_bits: bits as 32 | 64 },
        signal: stop.signal,
      })
      .then((proposal) => setMade({ bits, proposal }))
      .catch((e) => stop.signal.aborted || setError(e))
    return () => stop.abort()
  }, [site.id, bits, tries])
  return { proposal: made?.bits === bits ? made.proposal : null, error, again: () => setTries((n) => n + 1) }
}
