/** Where to go on after signing in: an address of ours, else the start. */
export const nextOf = (value: unknown): string =>
  typeof value === 'string' && /^\/(?![/\\])/.test(value) && !value.startsWith('/sign-in') ? value : '/'
