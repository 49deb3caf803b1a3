import { createContext, lazy, type ReactNode, Suspense, useCallback, useContext, useState } from 'react'
import type { CheckedIn, Joining, Session, Visit, Voucher } from '../api/types.ts'
import type { Access } from '../groups/useCheckInMany.ts'

/** What reception can be asked or shown above the page. */
export type Dialog =
  | { kind: 'new'; walkIn: boolean; days?: boolean }
  | { kind: 'group' }
  | { kind: 'import' }
  | { kind: 'checkInMany'; visits: readonly Visit[] }
  | { kind: 'revealMany'; visits: readonly Visit[] }
  | { kind: 'accesses'; rows: readonly Access[]; networks: readonly Joining[] }
  | { kind: 'cancelSeries'; visit: Visit }
  | { kind: 'disconnect'; visit: Visit; session: Session }
  | { kind: 'change'; visit: Visit }
  | {
      kind: 'access'
      visit: Visit
      voucher: Voucher
      network?: CheckedIn['network']
      networks?: Joining[]
      reason: 'new' | 'again'
    }
  | { kind: 'checkOut'; visit: Visit }
  | { kind: 'extend'; visit: Visit }
  | { kind: 'cancel'; visit: Visit }
  | { kind: 'reissue'; visit: Visit }
  | { kind: 'confirmLeft'; visit: Visit }
  | { kind: 'readmit'; visit: Visit }

const DialogContext = createContext<(dialog: Dialog) => void>(() => {})

const OpenContext = createContext(false)

/** Whether a dialog is in front of everything; what is behind it then leaves keys alone. */
export const useDialogOpen = () => useContext(OpenContext)

/** Opens a dialog; one is open at a time. */
export const useDialog = () => useContext(DialogContext)

// The forms and the QR codes are not needed to see who is here.
const Opened = lazy(() => import('./Opened.tsx'))

export function DialogProvider({ children }: { children: ReactNode }) {
  const [dialog, setDialog] = useState<Dialog | null>(null)
  const close = useCallback(() => setDialog(null), [])
  return (
    <DialogContext.Provider value={setDialog}>
      <OpenContext.Provider value={dialog !== null}>{children}</OpenContext.Provider>
      <Suspense>{dialog && <Opened dialog={dialog} close={close} />}</Suspense>
    </DialogContext.Provider>
  )
}
