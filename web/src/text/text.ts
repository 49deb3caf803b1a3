import type guests from '../../../internal/catalogue/en/guests.json'
import type en from './en.ts'

/**
 * What the dashboard says, from the catalogue that the server reads too. Keys are
 * checked by the compiler; that all languages have all of them, by the server's tests.
 */
export type Key = keyof typeof en | keyof typeof guests
type Plural = Key extends infer K ? (K extends `${infer Stem}_other` ? Stem : never) : never
export type Values = Record<string, string | number>
export type Texts = Record<string, string>

export type Say = {
  (key: Key, values?: Values): string
  /** One or many: {count} is the number. */
  count(key: Plural, n: number, values?: Values): string
  /** For keys made from data; instead where there is no such text. */
  known(key: string, instead: string, values?: Values): string
}

export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]
export const languageNames: Record<Language, string> = { en: 'English', de: 'Deutsch' }

const load: Record<Language, () => Promise<{ default: Texts }>> = {
  en: () => import('./en.ts'),
  de: () => import('./de.ts'),
}

export const loadTexts = async (language: Language): Promise<Texts> => (await load[language]()).default

/** Puts values into a text. A value is never looked into again. */
export const fill = (text: string, values: Values = {}): string =>
  text.replace(/\{([a-z_]+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole))

export function sayer(texts: Texts): Say {
  const say = (key: string, values?: Values) => fill(texts[key] ?? key, values)
  return Object.assign(say, {
    count: (key: string, n: number, values?: Values) =>
      say(`${key}_${n === 1 ? 'one' : 'other'}`, { ...values, count: n }),
    known: (key: string, instead: string, values?: Values) => (key in texts ? say(key, values) : instead),
  })
}

/** The first language that somebody chose or their browser asks for and we speak. */
export function choose(chosen: string | null, wanted: readonly string[]): Language {
  for (const name of [chosen ?? '', ...wanted]) {
    const found = languages.find((l) => l === name.slice(0, 2).toLowerCase())
    if (found) return found
  }
  return 'en'
}
