import { useCallback } from 'react'
import type { Visit } from '../api/types.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { useChanges } from '../dialog/useChanges.ts'
import { useAwaited } from '../dialog/useAwaited.ts'
import type { Action } from './actions.ts'

/** Starts an action: at once where it needs no question, else by its dialog. */
export function useActions(): (action: Action, v: Visit) => Promise<void> {
  const open = useDialog()
  const { checkIn, reveal, quietly } = useChanges()
  const awaited = useAwaited()
  return useCallback(
    async (action, visit) => {
      switch (action) {
        case 'checkIn':
          return quietly(checkIn(visit), awaited())
        case 'access':
          return quietly(reveal(visit))
        case 'stay':
          return open({ kind: 'readmit', visit })
        default:
          open({ kind: action, visit })
      }
    },
    [open, checkIn, reveal, quietly, awaited],
  )
}
