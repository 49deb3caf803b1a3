/** Why a call did not succeed: what the server said (RFC 9457), or that it did not answer. */
export class Problem extends Error {
  constructor(
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** Stable and short, such as visit_ended. */
    readonly code: string,
    /** For people, in English; may be empty. */
    readonly detail: string,
    /** Messages by the part of the body they are about, such as visitor.email. */
    readonly fields: Readonly<Record<string, string>> = {},
    readonly retryAfterSeconds = 0,
  ) {
    super(detail || code)
    this.name = 'Problem'
  }

  /** Whether the same call may succeed when it is made again. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502
  }
}

export const unreachable = () => new Problem(0, 'unreachable', '')

const prefix = 'urn:foyer:problem:'

export async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = Number(response.headers.get('Retry-After')) || 0
  const none = new Problem(response.status, 'unexpected', '', {}, retryAfter)
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) return none
  const body = await response.json().catch(() => null)
  if (typeof body?.type !== 'string') return none
  const fields: Record<string, string> = {}
  for (const e of Array.isArray(body.errors) ? body.errors : []) {
    fields[String(e.location).replace(/^body\./, '')] = String(e.message)
  }
  return new Problem(response.status, body.type.replace(prefix, ''), String(body.detail ?? ''), fields, retryAfter)
}
