import { useSyncExternalStore } from 'react'

const phone = typeof window === 'undefined' ? null : window.matchMedia('(max-width: 640px)')

/** Whether the window is as narrow as a phone. */
export const usePhone = (): boolean =>
  useSyncExternalStore(
    (changed) => {
      phone?.addEventListener('change', changed)
      return () => phone?.removeEventListener('change', changed)
    },
    () => phone?.matches ?? false,
  )
