import { useState } from 'react'
import { api } from '../api/client.ts'
import type { Visit } from '../api/types.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { useDialog } from '../dialog/Dialogs.tsx'
import { useProblemText } from '../look/States.tsx'
import { useText } from '../text/useText.tsx'
import { Names } from './CheckInMany.tsx'
import type { Accesses } from './useCheckInMany.ts'

/** Credentials of people who are here, for their slips. Each look is recorded. */
export function RevealMany({ visits, close }: { visits: readonly Visit[]; close: () => void }) {
  const { t } = useText()
  const open = useDialog()
  const explain = useProblemText()
  const [done, setDone] = useState(0)
  const act = async () => {
    const found: Accesses = { rows: [], networks: [] }
    for (const [i, visit] of visits.entries()) {
      setDone(i)
      try {
        const answer = await api.post('/api/v1/visits/{id}/voucher/reveal', { path: { id: visit.id } })
        found.networks = answer.networks ?? found.networks
        found.rows.push({ id: visit.id, visit, voucher: answer.voucher, pending: answer.network === 'pending' })
      } catch (error) {
        found.rows.push({ id: visit.id, visit, refused: explain(error) })
      }
    }
    open({ kind: 'accesses', ...found })
  }
  return (
    <Confirm
      title={t.count('web.many.reveal.title', visits.length)}
      action={t('web.access.show')}
      waiting={t('web.many.reveal.waiting', { done, all: visits.length })}
      act={act}
      close={close}
    >
      {t('web.many.reveal.text')}
      <Names visits={visits} />
    </Confirm>
  )
}
