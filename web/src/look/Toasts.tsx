import { Button, CloseButton, Loader, Portal } from '@mantine/core'
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import { useText } from '../text/useText.tsx'
import classes from './Toasts.module.css'

export type Toast = {
  text: string
  bad?: boolean
  undo?: () => void
  /** Where taking it back has a name of its own. */
  undoLabel?: string
}
type Shown = Toast & { id: number; waiting?: boolean }
type Wait = <T>(text: string, act: Promise<T>) => Promise<T>

const ToastContext = createContext<(toast: Toast) => void>(() => {})
export const useToast = () => useContext(ToastContext)

const WaitContext = createContext<Wait>((_, act) => act)

/** Says what is awaited, for what is done without a dialog that could say so. */
export const useWait = () => useContext(WaitContext)

const shownFor = 10_000
const noticed = 300

let last = 0

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Shown[]>([])
  const close = useCallback((id: number) => setToasts((all) => all.filter((x) => x.id !== id)), [])
  const show = useCallback((toast: Toast) => {
    last++
    const id = last
    setToasts((all) => [...all.slice(-2), { ...toast, id }])
  }, [])
  const wait = useCallback<Wait>(
    async (text, act) => {
      last++
      const id = last
      const timer = setTimeout(() => setToasts((all) => [...all.slice(-2), { text, id, waiting: true }]), noticed)
      try {
        return await act
      } finally {
        clearTimeout(timer)
        close(id)
      }
    },
    [close],
  )
  const list = useMemo(() => toasts, [toasts])
  return (
    <ToastContext.Provider value={show}>
      <WaitContext.Provider value={wait}>{children}</WaitContext.Provider>
      <Portal>
        <div className={classes.toasts} role="status" aria-live="polite">
          {list.map((toast) => (
            <One key={toast.id} toast={toast} close={close} />
          ))}
        </div>
      </Portal>
    </ToastContext.Provider>
  )
}

function One({ toast, close }: { toast: Shown; close: (id: number) => void }) {
  const { t } = useText()
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (held || toast.waiting) return
    const timer = setTimeout(() => close(toast.id), shownFor)
    return () => clearTimeout(timer)
  }, [held, close, toast.id, toast.waiting])
  const undo = () => {
    close(toast.id)
    toast.undo?.()
  }
  return (
    // Who points at it or is inside it needs longer.
    <div
      className={classes.toast}
      data-bad={toast.bad || undefined}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {toast.waiting && <Loader size="xs" color="white" aria-hidden="true" />}
      <span>{toast.text}</span>
      {toast.undo && (
        <Button size="compact-sm" variant="white" color="dark" onClick={undo}>
          {toast.undoLabel ?? t('web.undo')}
        </Button>
      )}
      {!toast.waiting && <CloseButton size="sm" aria-label={t('web.close')} onClick={() => close(toast.id)} />}
    </div>
  )
}
