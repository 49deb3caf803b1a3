import { useEffect } from 'react'

const own = 'Foyer'

/** Names the page in the window's title and in the history, as long as it is shown. */
export function useTitle(...parts: (string | undefined)[]): void {
  const title = [...parts.filter(Boolean), own].join(' · ')
  useEffect(() => {
    const before = document.title
    document.title = title
    return () => {
      document.title = before
    }
  }, [title])
}
