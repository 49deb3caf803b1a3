import { createContext, useContext } from 'react'
import type { Site } from './api/types.ts'

/** The site that everything on the page is about. */
export const SiteContext = createContext<Site | null>(null)

export function useSite(): Site {
  const site = useContext(SiteContext)
  if (!site) throw new Error('useSite outside of a site')
  return site
}
