import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { api, insist } from '../api/client.ts'
import { showMany } from '../api/queries.ts'
import type { Joining, Visit, Voucher } from '../api/types.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { refusalText } from './batch.ts'

/** What became of one of many: credentials, or why there are none. */
export type Access = { id: string; visit?: Visit; voucher?: Voucher; pending?: boolean; refused?: string }
export type Accesses = { rows: Access[]; networks: Joining[] }

/** The server's limit of one request. */
const atOnce = 200

/** Checks many in; the answer holds credentials and so passes by the query cache. */
export function useCheckInMany(): (ids: readonly string[]) => Promise<Accesses> {
  const client = useQueryClient()
  const site = useSite()
  const { t } = useText()
  return useCallback(
    async (ids) => {
      const found: Accesses = { rows: [], networks: [] }
      for (let i = 0; i < ids.length; i += atOnce) {
        const body = { ids: ids.slice(i, i + atOnce) }
        const answer = await insist((key) => api.post('/api/v1/visits/check-in-batch', { body, key }))
        found.networks = answer.networks?.[site.id] ?? found.networks
        for (const row of answer.rows) {
          found.rows.push({
            id: row.visit_id,
            visit: row.visit,
            voucher: row.voucher,
            pending: row.network === 'pending',
            refused: row.refused && refusalText(t, row.refused),
          })
        }
      }
      showMany(client, site.id)
      return found
    },
    [client, site.id, t],
  )
}
