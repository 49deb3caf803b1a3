import { useQueryClient } from '@tanstack/react-query'
import { api, insist } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { showMany } from '../api/queries.ts'
import type { components } from '../api/schema.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { useToast } from '../look/Toasts.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { batchRequest, faultsByRow, faultsOfRequest } from './batch.ts'
import type { Member } from './table.ts'
import { useCheckInMany } from './useCheckInMany.ts'

type Options = { dry: boolean; together: boolean }

/** Sends the rows; closes and says so where all went well. */
export function useSendGroup(close: () => void) {
  const client = useQueryClient()
  const toast = useToast()
  const site = useSite()
  const { t } = useText()
  const checkInMany = useCheckInMany()
  const open = useDialog()

  return async (fields: Parameters<typeof batchRequest>[0], people: readonly Member[], { dry, together }: Options) => {
    const body = { ...batchRequest(fields, people, site), dry_run: dry, all_or_nothing: together }
    let answer: components['schemas']['BatchAnswer']
    try {
      answer = await insist((key) => api.post('/api/v1/visits/batch', { body, key }))
    } catch (error) {
      const faults = error instanceof Problem ? faultsOfRequest(people, error, t) : new Map()
      if (faults.size === 0) throw error
      return { faults, registered: new Map<number, string>(), good: people.length - faults.size }
    }
    const faults = faultsByRow(people, answer.rows, t)
    const registered = new Map(
      people.flatMap((m, i) => {
        const id = answer.rows[i]?.visit_id
        return id ? [[m.id, id] as const] : []
      }),
    )
    if (registered.size > 0) {
      showMany(client, site.id)
      const ids = [...registered.values()]
      const done = await (fields.when === 'now' ? checkInMany(ids) : null)
      toast({ text: t.count('web.group.registered', ids.length) })
      if (done) open({ kind: 'accesses', ...done })
      else if (faults.size === 0) close()
    }
    return { faults, registered, good: answer.good }
  }
}
