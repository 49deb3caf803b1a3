/** The time zones that this browser knows; the one in use is there in any case. */
export function zones(current: string): string[] {
  const known = Intl.supportedValuesOf('timeZone')
  return known.includes(current) || current === '' ? known : [current, ...known]
}
