/** What this browser remembers: choices of taste only, nothing of visits. It may refuse to. */
export const stored = {
  get(name: 'language' | 'site' | 'contrast'): string | null {
    try {
      return localStorage.getItem(`foyer-${name}`)
    } catch {
      return null
    }
  },
  set(name: 'language' | 'site' | 'contrast', value: string): void {
    try {
      localStorage.setItem(`foyer-${name}`, value)
    } catch {
      // Then the next visit starts with the defaults.
    }
  },
}
