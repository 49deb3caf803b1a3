/** The addresses in a field, whatever parts them. */
export const addresses = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean)
