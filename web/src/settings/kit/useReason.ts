import { useText } from '../../text/useText.tsx'

/** A code of why something did not go out, in words where we have them. */
export function useReason(): (code: string | undefined) => string {
  const { t } = useText()
  return (code) => (code ? t.known(`web.reason.${code}`, t.known(`web.outward.reason.${code}`, code)) : '')
}
