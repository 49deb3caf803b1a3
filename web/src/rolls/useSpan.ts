import { useText } from '../text/useText.tsx'
import { countdown, parts } from './terms.ts'

/** Says how long a code is good for: "1 hour 30 minutes", "2 h 5 min" where it counts down. */
export function useSpan() {
  const { t } = useText()
  return {
    whole: (seconds: number) =>
      parts(seconds)
        .map((p) => t.count(`web.rolls.span.${p.unit}`, p.count))
        .join(' '),
    left: (seconds: number) =>
      countdown(seconds)
        .map((p) => t(`web.rolls.short.${p.unit}`, { count: p.count }))
        .join(' '),
  }
}
