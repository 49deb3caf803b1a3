import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, insist } from '../api/client.ts'
import { showMany, showVisit } from '../api/queries.ts'
import type { Session, Visit } from '../api/types.ts'
import { useProblemText } from '../look/States.tsx'
import { useToast, useWait } from '../look/Toasts.tsx'
import { nameOf } from '../person.ts'
import { useText } from '../text/useText.tsx'
import { useDialog } from './Dialogs.tsx'
import { worthKeeping } from './readmission.ts'

type Simple = 'cancel' | 'confirm-left' | 'check-out' | 'terminate' | 'crm/retry'

/** What can be done to a visit. Each shows its outcome everywhere and throws a Problem when there is none. */
export function useChanges() {
  const client = useQueryClient()
  const open = useDialog()
  const toast = useToast()
  const wait = useWait()
  const explain = useProblemText()
  const { t } = useText()

  return useMemo(() => {
    const simple = async (v: Visit, what: Simple) => {
      const path = { id: v.id }
      const answer = await insist((key) => api.post(`/api/v1/visits/{id}/${what}`, { path, key }))
      showVisit(client, answer.visit)
    }

    const checkIn = async (v: Visit) => {
      const answer = await insist((key) => api.post('/api/v1/visits/{id}/check-in', { path: { id: v.id }, key }))
      showVisit(client, answer.visit)
      if (answer.voucher) {
        open({ kind: 'access', ...answer, voucher: answer.voucher, reason: 'new' })
      }
    }

    const readmit = async (v: Visit, until?: string) => {
      const keep = worthKeeping(v, Date.now()) ? v.expected_departure : undefined
      const body = { expected_departure: until ?? keep }
      const answer = await insist((key) => api.post('/api/v1/visits/{id}/readmit', { path: { id: v.id }, body, key }))
      showVisit(client, answer.visit)
      client.invalidateQueries({ queryKey: ['visit', v.id] })
      if (answer.voucher) {
        open({ kind: 'access', ...answer, voucher: answer.voucher, reason: 'new' })
      }
    }

    /** For what is done without a dialog that could show the error. */
    const quietly = async (act: Promise<void>, waiting = t('web.waiting')) => {
      try {
        await wait(waiting, act)
      } catch (error) {
        toast({ text: explain(error), bad: true })
      }
    }

    const checkOut = async (v: Visit) => {
      await simple(v, 'check-out')
      toast({ text: t('web.checkout.done', { name: nameOf(v) }), undo: () => quietly(readmit(v)) })
    }

    /** A cancelled visit stays cancelled; the same one is registered again. */
    const registerAgain = async (v: Visit) => {
      const body = {
        site_id: v.site_id,
        person_id: v.person_id,
        visitor: v.visitor,
        host: v.host,
        purpose: v.purpose,
        sync_crm: v.sync_crm,
        expected_arrival: v.expected_arrival,
        expected_departure: v.expected_departure,
      }
      const answer = await insist((key) => api.post('/api/v1/visits', { body, key }))
      showVisit(client, answer.visit)
    }

    const cancel = async (v: Visit) => {
      await simple(v, 'cancel')
      toast({
        text: t('web.cancelvisit.done', { name: nameOf(v) }),
        undoLabel: t('web.cancelvisit.again'),
        undo: () => quietly(registerAgain(v)),
      })
    }

    /** Who was said to have left and is still here needs access again, and so a departure. */
    const confirmLeft = async (v: Visit) => {
      await simple(v, 'confirm-left')
      toast({
        text: t('web.confirmleft.done', { name: nameOf(v) }),
        undoLabel: t('web.confirmleft.again'),
        undo: () => open({ kind: 'readmit', visit: v }),
      })
    }

    return {
      checkIn,
      checkOut,
      readmit,
      quietly,
      cancel,
      confirmLeft,
      retryEnding: (v: Visit) => simple(v, 'terminate'),
      retryCRM: async (v: Visit) => {
        await simple(v, 'crm/retry')
        client.invalidateQueries({ queryKey: ['visit', v.id] })
      },
      disconnect: async (v: Visit, session: Session) => {
        const path = { id: v.id, session: session.id }
        await insist((key) => api.post('/api/v1/visits/{id}/sessions/{session}/disconnect', { path, key }))
        client.invalidateQueries({ queryKey: ['visit', v.id] })
      },
      /** Cancels a series from a visit on; the answer lists the others too. */
      cancelSeries: async (v: Visit, rest: readonly Visit[]) => {
        const path = { series: v.series_id ?? '' }
        const body = { from: v.expected_arrival }
        const named = new Set(rest.map((x) => x.id))
        const answer = await insist((key) => api.post('/api/v1/visits/series/{series}/cancel', { path, body, key }))
        showMany(client, v.site_id)
        client.invalidateQueries({ queryKey: ['visit'] })
        const cancelled = answer.visits.filter((x) => x.status === 'cancelled' && named.has(x.id))
        toast({ text: t.count('web.series.cancelled', cancelled.length) })
      },
      extend: async (v: Visit, until: string) => {
        const body = { expected_departure: until }
        const answer = await insist((key) => api.post('/api/v1/visits/{id}/extend', { path: { id: v.id }, body, key }))
        showVisit(client, answer.visit)
      },
      reveal: async (v: Visit) => {
        const answer = await api.post('/api/v1/visits/{id}/voucher/reveal', { path: { id: v.id } })
        open({ kind: 'access', visit: v, ...answer, reason: 'again' })
      },
      /** Answers before the mail is gone: the visit's detail says what became of it. */
      sendAccess: async (v: Visit) => {
        await insist((key) => api.post('/api/v1/visits/{id}/voucher/mail', { path: { id: v.id }, key }))
        client.invalidateQueries({ queryKey: ['visit', v.id] })
        toast({ text: t('web.access.sending', { email: v.visitor.email ?? '' }) })
      },
      reissue: async (v: Visit) => {
        const answer = await insist((key) =>
          api.post('/api/v1/visits/{id}/voucher/reissue', { path: { id: v.id }, key }),
        )
        client.invalidateQueries({ queryKey: ['visit', v.id] })
        open({ kind: 'access', visit: v, ...answer, reason: 'new' })
      },
    }
  }, [client, open, toast, wait, explain, t])
}
