import type { Tab, Visit, VisitPage } from '../api/types.ts'

/** Which list a visit is in; an expired one may be in two. */
export function belongs(v: Visit, tab: Tab): boolean {
  switch (tab) {
    case 'expected':
      return v.status === 'pre_registered'
    case 'on_site':
      return v.presence === 'in' || v.presence === 'unconfirmed'
    case 'completed':
      return v.ended_at !== undefined
  }
}

/** The order of a tab, as the server sorts it: negative when a comes first. */
export function order(a: Visit, b: Visit, tab: Tab): number {
  const [x, y] = tab === 'completed' ? [b, a] : [a, b]
  return key(x, tab) - key(y, tab) || (x.id < y.id ? -1 : x.id > y.id ? 1 : 0)
}

function key(v: Visit, tab: Tab): number {
  const at = { expected: v.expected_arrival, on_site: v.expected_departure, completed: v.ended_at ?? v.created_at }
  return Date.parse(at[tab])
}

/**
 * Puts a changed visit into the pages of a tab, or takes it out, without reading
 * the others again. One that sorts behind the last page stays out until that page
 * is read.
 */
export function place(pages: readonly VisitPage[], v: Visit, tab: Tab): VisitPage[] {
  const rest = pages.map((p) => ({ ...p, items: p.items.filter((item) => item.id !== v.id) }))
  if (!belongs(v, tab)) return rest
  for (const [i, page] of rest.entries()) {
    const at = page.items.findIndex((item) => order(v, item, tab) < 0)
    const end = at < 0 && i === rest.length - 1 && !page.next
    if (at < 0 && !end) continue
    page.items.splice(end ? page.items.length : at, 0, v)
    return rest
  }
  return rest
}
