import type en from '../../../internal/catalogue/en/kiosk.json'
import { fill, type Texts, type Values } from '../text/text.ts'

/** What visitors read, in more languages than staff: each is loaded when it is chosen. */
export const languages = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', it: 'Italiano', pl: 'Polski' }
export type Language = keyof typeof languages
export type Key = keyof typeof en
export type Words = (key: Key, values?: Values) => string

const load: Record<Language, () => Promise<{ default: Texts }>> = {
  en: () => import('../../../internal/catalogue/en/kiosk.json'),
  de: () => import('../../../internal/catalogue/de/kiosk.json'),
  fr: () => import('../../../internal/catalogue/fr/kiosk.json'),
  es: () => import('../../../internal/catalogue/es/kiosk.json'),
  it: () => import('../../../internal/catalogue/it/kiosk.json'),
  pl: () => import('../../../internal/catalogue/pl/kiosk.json'),
}

export const loadWords = async (language: Language): Promise<Words> => {
  const texts = (await load[language]()).default
  return (key, values) => fill(texts[key] ?? key, values)
}

/** The first of a browser's languages that a kiosk speaks. */
export function prefer(wanted: readonly string[]): Language {
  const known = Object.keys(languages) as Language[]
  for (const name of wanted) {
    const found = known.find((l) => l === name.slice(0, 2).toLowerCase())
    if (found) return found
  }
  return 'en'
}

/** A text of the site's in the visitor's language, else in English, else in any. */
export function spoken(texts: Record<string, string>, language: Language): { text: string; lang: string } {
  for (const lang of [language, 'en', ...Object.keys(texts)]) {
    const text = texts[lang]
    if (text) return { text, lang }
  }
  return { text: '', lang: language }
}
