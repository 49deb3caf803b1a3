import { useQueryClient } from '@tanstack/react-query'
import { api, insist } from '../api/client.ts'
import { showMany, showVisit } from '../api/queries.ts'
import type { Visit } from '../api/types.ts'
import { type Days, seriesRequest } from '../groups/series.ts'
import { useToast } from '../look/Toasts.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useDialog } from './Dialogs.tsx'
import { changeRequest, type Fields, registration } from './form.ts'

/** Sends what a form holds, and shows what became of it. */
export function useSave(visit: Visit | undefined, close: () => void) {
  const client = useQueryClient()
  const open = useDialog()
  const toast = useToast()
  const site = useSite()
  const { t, language } = useText()

  const change = async (v: Visit, fields: Fields) => {
    const body = changeRequest(fields, site)
    const answer = await insist((key) => api.patch('/api/v1/visits/{id}', { path: { id: v.id }, body, key }))
    showVisit(client, answer.visit)
    close()
  }

  const registerSeries = async (fields: Fields, days: Days) => {
    const body = seriesRequest(fields, days, site)
    const answer = await insist((key) => api.post('/api/v1/visits/series', { body, key }))
    showMany(client, site.id)
    const first = answer.visits[0]
    if (first) toast({ text: t.count('web.series.registered', answer.visits.length, { name: nameOf(first) }) })
    close()
  }

  const register = async (fields: Fields) => {
    const body = registration(fields, site)
    const answer = await insist((key) => api.post('/api/v1/visits', { body, key }))
    showVisit(client, answer.visit)
    if (answer.voucher) {
      open({ kind: 'access', ...answer, voucher: answer.voucher, reason: 'new' })
      return
    }
    const when = near(answer.visit.expected_arrival, Date.now(), site.timezone, language)
    toast({ text: t('web.form.registered', { name: nameOf(answer.visit), when }) })
    close()
  }

  return (fields: Fields, days: Days) => {
    if (visit) return change(visit, fields)
    return fields.when === 'days' ? registerSeries(fields, days) : register(fields)
  }
}
