import { Button, CloseButton, Portal } from '@mantine/core'
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import { useText } from '../text/useText.tsx'
import classes from './Toasts.module.css'

export type Toast = { text: string; bad?: boolean; undo?: () => void }
type Shown = Toast & { id: number }

const ToastContext = createContext<(toast: Toast) => void>(() => {})
export const useToast = () => useContext(ToastContext)

const shownFor = 10_000

let last = 0

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Shown[]>([])
  const close = useCallback((id: number) => setToasts((all) => all.filter((x) => x.id !== id)), [])
  const show = useCallback((toast: Toast) => {
    last++
    const id = last
    setToasts((all) => [...all.slice(-2), { ...toast, id }])
  }, [])
  const list = useMemo(() => toasts, [toasts])
  return (
    <ToastContext.Provider value={show}>
      {children}
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
    if (held) return
    const timer = setTimeout(() => close(toast.id), shownFor)
    return () => clearTimeout(timer)
  }, [held, close, toast.id])
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
      <span>{toast.text}</span>
      {toast.undo && (
        <Button size="compact-sm" variant="white" color="dark" onClick={undo}>
          {t('web.undo')}
        </Button>
      )}
      <CloseButton size="sm" aria-label={t('web.close')} onClick={() => close(toast.id)} />
    </div>
  )
}
