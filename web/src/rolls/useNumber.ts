import { useText } from '../text/useText.tsx'

/** Numbers as people say them. */
export function useNumber() {
  const { language } = useText()
  const locale = language === 'en' ? 'en-GB' : language
  return {
    /** "4.3 million" */
    about: (n: number) =>
      new Intl.NumberFormat(locale, { notation: 'compact', compactDisplay: 'long', maximumSignificantDigits: 2 }).format(n),
    /** "65,535" */
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
