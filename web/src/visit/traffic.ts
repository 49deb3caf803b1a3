const units = ['kB', 'MB', 'GB', 'TB']

/** "12 MB" */
export function traffic(octets: number, language: string): string {
  let value = octets / 1000
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  const digits = value < 10 && unit > 0 ? 1 : 0
  return `${value.toLocaleString(language, { maximumFractionDigits: digits })} ${units[unit]}`
}
