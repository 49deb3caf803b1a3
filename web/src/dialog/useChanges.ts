import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, insist } from '../api/client.ts'
import { showVisit } from '../api/queries.ts'
import type { Visit } from '../api/types.ts'
import { useProblemText } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { nameOf } from '../person.ts'
import { useText } from '../text/useText.tsx'
import { useDialog } from './Dialogs.tsx'

type Simple = 'cancel' | 'confirm-left' | 'check-out' | 'terminate'

/** How long before a departure a readmission no longer takes it over. */
const worthKeeping = 60_000

/** What can be done to a visit. Each shows its outcome everywhere and throws a Problem when there is none. */
export function useChanges() {
  const client = useQueryClient()
  const open = useDialog()
  const toast = useToast()
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

    const readmit = async (v: Visit) => {
      const keep = Date.parse(v.expected_departure) - Date.now() > worthKeeping
      const body = keep ? { expected_departure: v.expected_departure } : {}
      const answer = await insist((key) => api.post('/api/v1/visits/{id}/readmit', { path: { id: v.id }, body, key }))
      showVisit(client, answer.visit)
      client.invalidateQueries({ queryKey: ['visit', v.id] })
      if (answer.voucher) {
        open({ kind: 'access', ...answer, voucher: answer.voucher, reason: 'new' })
      }
    }

    /** For what is done without a dialog that could show the error. */
    const quietly = async (act: Promise<void>) => {
      try {
        await act
      } catch (error) {
        toast({ text: explain(error), bad: true })
      }
    }

    const checkOut = async (v: Visit) => {
      await simple(v, 'check-out')
      toast({ text: t('web.checkout.done', { name: nameOf(v) }), undo: () => quietly(readmit(v)) })
    }

    return {
      checkIn,
      checkOut,
      readmit,
      quietly,
      cancel: (v: Visit) => simple(v, 'cancel'),
      confirmLeft: (v: Visit) => simple(v, 'confirm-left'),
      retryEnding: (v: Visit) => simple(v, 'terminate'),
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
  }, [client, open, toast, explain, t])
}
