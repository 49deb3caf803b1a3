import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { forgetEvacuation, unsentMarks } from '../evacuation/leaving.ts'
import { useProblemText } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { useText } from '../text/useText.tsx'

/** Signs out, and removes what this device kept for an evacuation; asks first where marks would be lost. */
export function useSignOut(): { signOut: () => void; question: ReactNode } {
  const { t } = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const explain = useProblemText()
  const [losing, setLosing] = useState(0)

  const leave = async () => {
    await api.post('/api/v1/logout')
    client.clear()
    await navigate({ to: '/sign-in' })
    await forgetEvacuation()
  }
  const signOut = async () => {
    const marks = await unsentMarks()
    if (marks > 0) setLosing(marks)
    else await leave().catch((error) => toast({ text: explain(error), bad: true }))
  }
  const question = losing > 0 && (
    <Confirm
      danger
      title={t('web.evacuation.signout.title')}
      action={t('web.signout')}
      waiting={t('web.waiting')}
      act={leave}
      close={() => setLosing(0)}
    >
      {t.count('web.evacuation.signout.text', losing)}
    </Confirm>
  )
  return { signOut, question }
}
