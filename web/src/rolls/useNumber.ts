import { useText } from '../text/useText.tsx'

/** Numbers as people write them: 4,200,000 or 4.200.000. */
export function useNumber() {
  const { language } = useText()
  const locale = language === 'en' ? 'en-GB' : language
  return {
    plain: (n: number) => new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 }).format(n),
    whole: (n: number) => new Intl.NumberFormat(locale).format(n),
    /** "0.4 seconds", "0.2 milliseconds" */
    seconds: (n: number) =>
      new Intl.NumberFormat(locale, {
        style: 'unit',
        unit: n < 0.01 ? 'millisecond' : 'second',
        unitDisplay: 'long',
        maximumSignificantDigits: 2,
      }).format(n < 0.01 ? n * 1000 : n),
  }
}
