import type { ReactNode } from 'react'
import { Area } from '../text/useText.tsx'

const load = {
  en: () => import('../../../internal/catalogue/en/guests.json'),
  de: () => import('../../../internal/catalogue/de/guests.json'),
}

/** What this area says comes with its pages: the first load is small. */
export const Words = ({ children }: { children: ReactNode }) => <Area load={load}>{children}</Area>
