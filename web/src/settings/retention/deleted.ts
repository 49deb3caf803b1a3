/** What a purge's proof says was deleted, class by class, and which tables it could not rewrite. */
export function deleted(body: Record<string, unknown>): { classes: [string, number][]; skipped: string } {
  const classes = Object.entries(body).filter(
    (e): e is [string, number] => e[0] !== 'rewritten' && typeof e[1] === 'number' && e[1] > 0,
  )
  return { classes, skipped: typeof body.skipped === 'string' ? body.skipped : '' }
}
