import { type Problem, problemOf, unreachable } from './problem.ts'
import type { paths } from './schema.ts'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: unknown } ? P : never
}[keyof paths]
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? paths[P][M] : never
type JSONOf<R> = R extends { content: { 'application/json': infer B } } ? B : undefined
type Good<O> = O extends { responses: infer R } ? { [S in keyof R & (200 | 201 | 202 | 204)]: JSONOf<R[S]> } : never
type Answer<O> = Good<O>[keyof Good<O>]
type Parameters<O, W extends string> = O extends { parameters: { [K in W]?: infer P } } ? NonNullable<P> : never
type Body<O> = O extends { requestBody?: infer R } ? JSONOf<NonNullable<R>> : never

type Options<O> = {
  path?: Parameters<O, 'path'>
  query?: Parameters<O, 'query'>
  body?: Body<O>
  /** A body that is a spreadsheet's file, as it is. */
  csv?: string | Blob
  /** Makes repeats of one intent harmless; see intent(). */
  key?: string
  signal?: AbortSignal
}

const answersWithin = 25_000

/** Where a page learns that nobody is signed in any more. */
export const signedOut = new EventTarget()

/**
 * Calls the API. The login cookie goes along by itself.
 * @throws {Problem} for everything that is no success.
 */
async function call<M extends Method, P extends PathsWith<M>>(
  method: M,
  path: P,
  options: Options<Operation<P, M>> = {},
): Promise<Answer<Operation<P, M>>> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  if (options.csv !== undefined) headers['Content-Type'] = 'text/csv'
  if (options.key) headers['Idempotency-Key'] = options.key
  const limit = AbortSignal.timeout(answersWithin)
  let response: Response
  try {
    response = await fetch(address(path, options), {
      method: method.toUpperCase(),
      headers,
      body: options.body === undefined ? options.csv : JSON.stringify(options.body),
      signal: options.signal ? AbortSignal.any([options.signal, limit]) : limit,
      credentials: 'same-origin',
    })
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw unreachable()
  }
  if (!response.ok) throw await refused(response, path)
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as Answer<Operation<P, M>>
}

async function refused(response: Response, path: string): Promise<Problem> {
  const problem = await problemOf(response)
  if (problem.status === 401 && path !== '/api/v1/login') signedOut.dispatchEvent(new Event('signedout'))
  return problem
}

function address(path: string, options: { path?: object; query?: object }): string {
  const values = (options.path ?? {}) as Record<string, string>
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== '') query.set(name, String(value))
  }
  return query.size > 0 ? `${filled}?${query}` : filled
}

export const api = {
  get: <P extends PathsWith<'get'>>(path: P, options?: Options<Operation<P, 'get'>>) => call('get', path, options),
  post: <P extends PathsWith<'post'>>(path: P, options?: Options<Operation<P, 'post'>>) => call('post', path, options),
  put: <P extends PathsWith<'put'>>(path: P, options?: Options<Operation<P, 'put'>>) => call('put', path, options),
  patch: <P extends PathsWith<'patch'>>(path: P, options?: Options<Operation<P, 'patch'>>) =>
    call('patch', path, options),
  delete: <P extends PathsWith<'delete'>>(path: P, options?: Options<Operation<P, 'delete'>>) =>
    call('delete', path, options),
}

/**
 * A new Idempotency-Key: one for each thing a person wants done, kept while it is
 * tried again. (crypto.randomUUID needs HTTPS, which a house network may lack.)
 */
export function intent(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}

/** Does a change and, where nobody answered, does it again under the same key. */
export async function insist<T>(change: (key: string) => Promise<T>, tries = 3): Promise<T> {
  const key = intent()
  for (let left = tries - 1; ; left--) {
    try {
      return await change(key)
    } catch (error) {
      const problem = error as Problem
      if (left <= 0 || !(problem.status === 0 || problem.status === 503)) throw error
      await new Promise((go) => setTimeout(go, Math.max(problem.retryAfterSeconds * 1000, 500)))
    }
  }
}
