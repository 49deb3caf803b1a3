import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { near } from '../../time.ts'
import { useNow } from '../../useNow.ts'

/** Says when something was, by the clock of the site; a dash for never. */
export function useWhen(): (at: string | undefined) => string {
  const { language } = useText()
  const site = useSite()
  const now = useNow(30_000)
  return (at) => (at ? near(at, now, site.timezone, language) : '–')
}
