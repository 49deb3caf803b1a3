import type { Visit } from './api/types.ts'

type Named = { first_name?: string; last_name?: string }

/** A visitor's whole name, as it is said. */
export const nameOf = (v: Visit | { visitor: Named }): string =>
  [v.visitor.first_name, v.visitor.last_name].filter(Boolean).join(' ') || '–'
