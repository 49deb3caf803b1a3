/** How long a code is good for, in parts that people say. */
export type Part = { unit: 'days' | 'hours' | 'minutes' | 'seconds'; count: number }

const units = [
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
  ['seconds', 1],
] as const

/** All parts of a span that are not nothing: 5,400 seconds are 1 hour and 30 minutes. */
export function parts(seconds: number): Part[] {
  let left = Math.max(0, Math.floor(seconds))
  const found: Part[] = []
  for (const [unit, size] of units) {
    const count = Math.floor(left / size)
    left -= count * size
    if (count > 0) found.push({ unit, count })
  }
  return found.length > 0 ? found : [{ unit: 'minutes', count: 0 }]
}

/** What a countdown shows: the two largest parts, the second also where it is nothing. */
export function countdown(seconds: number): Part[] {
  const left = Math.max(0, Math.floor(seconds))
  const at = Math.min(
    units.findIndex(([, size]) => left >= size),
    units.length - 2,
  )
  const from = at < 0 ? units.length - 2 : at
  return units.slice(from, from + 2).map(([unit, size], i) => ({
    unit,
    count: i === 0 ? Math.floor(left / size) : Math.floor((left % (units[from]?.[1] ?? 1)) / size),
  }))
}
