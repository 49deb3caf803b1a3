import { useCallback } from 'react'
import type { Visit } from '../api/types.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { useChanges } from '../dialog/useChanges.ts'
import type { Action } from './actions.ts'

/** Starts an action: at once where it needs no question, else by its dialog. */
export function useActions(): (action: Action, v: Visit) => Promise<void> {
  const open = useDialog()
  const { checkIn, reveal, quietly } = useChanges()
  return useCallback(
    async (action, visit) => {
      switch (action) {
        case 'checkIn':
          return quietly(checkIn(visit))
        case 'access':
          return quietly(reveal(visit))
        default:
          open({ kind: action, visit })
      }
    },
    [open, checkIn, reveal, quietly],
  )
}
