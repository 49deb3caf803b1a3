/** What compatible codes are made with, as far as can be said without asking. */

export const usualAlphabet = '2345678abcdefhijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ'

/** How long the longest code is: a number of as many bits as the key, in as many digits as there are characters. */
export function codeLength(keyBits: number, alphabet: string): number {
  if (alphabet.length < 2) return 0
  const base = BigInt(alphabet.length)
  let length = 0
  for (let n = (1n << BigInt(keyBits)) - 1n; n > 0n; n /= base) length++
  return length
}

export type Bits = { roll: number; ticket: number; checksum: number }

const sum = (b: Bits) => b.roll + b.ticket + b.checksum

/** What is left for the magic number; below 0 the fields do not fit the key. */
export const magicBits = (keyBits: number, b: Bits): number => keyBits - 1 - sum(b)

export const highest = (bits: number): number => 2 ** bits - 1

export type AlphabetFault = 'short' | 'odd' | 'separator' | 'twice'

/** Codes have to survive a spreadsheet, a line of codes with blanks between, and being read back. */
export function alphabetFault(alphabet: string): AlphabetFault | undefined {
  if (/[^\x21-\x7e]/.test(alphabet)) return 'odd'
  if (/[",]/.test(alphabet)) return 'separator'
  if (alphabet.length < 2) return 'short'
  return new Set(alphabet).size < alphabet.length ? 'twice' : undefined
}

/**
 * The size of the RSA key in a PEM, or null where none is found: the first whole
 * number of more than one octet is the modulus in PKCS #1, PKCS #8 and in a public
 * key (RFC 8017 A.1, RFC 5208 5, RFC 5280 4.1).
 */
export function keyBitsOf(pem: string): number | null {
  const base64 = /-----BEGIN [A-Z ]+-----([^-]+)-----END/.exec(pem)?.[1]?.replace(/\s/g, '')
  if (!base64) return null
  try {
    return modulusBits(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)))
  } catch {
    return null
  }
}

const tag = { integer: 0x02, bits: 0x03, octets: 0x04, sequence: 0x30 }

function modulusBits(der: Uint8Array): number | null {
  for (let at = 0; at + 1 < der.length; ) {
    const kind = der[at]
    let length = der[at + 1] ?? 0
    at += 2
    if (length > 0x7f) {
      const octets = length & 0x7f
      length = der.slice(at, at + octets).reduce((n, b) => n * 256 + b, 0)
      at += octets
    }
    if (kind === tag.integer && length > 1) return bitLength(der.slice(at, at + length))
    // Into what holds others; a bit string begins with the number of bits it lacks.
    if (kind === tag.sequence || kind === tag.octets) continue
    at += kind === tag.bits ? 1 : length
  }
  return null
}

function bitLength(number: Uint8Array): number {
  const first = number.findIndex((b) => b > 0)
  return first < 0 ? 0 : (number.length - first) * 8 - Math.clz32(number[first] ?? 0) + 24
}
