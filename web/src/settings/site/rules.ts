/** Those in which a site speaks to visitors. */
export const visitorLanguages = ['en', 'de', 'fr', 'es', 'it', 'pl'] as const

export type Texts = Record<string, string>

/** The texts that say something. */
export const textsFrom = (texts: Texts): Texts =>
  Object.fromEntries(Object.entries(texts).flatMap(([l, text]) => (text.trim() ? [[l, text.trim()]] : [])))
