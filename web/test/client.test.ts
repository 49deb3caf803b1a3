import { afterEach, expect, test, vi } from 'vitest'
import { api, insist, intent, signedOut } from '../src/api/client.ts'
import { Problem } from '../src/api/problem.ts'

afterEach(() => vi.unstubAllGlobals())

const problem = (status: number, code: string, more: object = {}) =>
  new Response(JSON.stringify({ type: `urn:foyer:problem:${code}`, detail: 'In words.', ...more }), {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '0' },
  })

function answering(...answers: (Response | Error)[]) {
  const calls: { url: string; key: string | null }[] = []
  vi.stubGlobal('fetch', async (url: string, options: RequestInit) => {
    calls.push({ url, key: new Headers(options.headers).get('Idempotency-Key') })
    const next = answers.shift()
    if (!next || next instanceof Error) throw next ?? new Error('no more answers')
    return next
  })
  return calls
}

test('addresses are filled and escaped, empty queries left out', async () => {
  const calls = answering(Response.json({}), Response.json({}))
  await api.get('/api/v1/visits/{id}', { path: { id: 'a/b c' } })
  await api.get('/api/v1/visits', { query: { q: 'x & y', cursor: '', limit: 5 } })
  expect(calls.map((c) => c.url)).toEqual(['/api/v1/visits/a%2Fb%20c', '/api/v1/visits?q=x+%26+y&limit=5'])
})

test('a refusal says what and which field', async () => {
  answering(problem(422, 'invalid', { errors: [{ location: 'body.visitor.email', message: 'No.' }] }))
  const error = await api.post('/api/v1/visits').catch((e) => e)
  expect(error).toBeInstanceOf(Problem)
  expect([error.status, error.code, error.detail, error.fields]).toEqual([
    422,
    'invalid',
    'In words.',
    { 'visitor.email': 'No.' },
  ])
})

test('what is no problem document does not get through to people', async () => {
  answering(new Response('<h1>Bad gateway</h1>', { status: 502 }))
  const error = await api.get('/api/v1/me').catch((e) => e)
  expect([error.code, error.detail, error.passing]).toEqual(['unexpected', '', true])
})

test('whoever is not signed in any more is told once, but not for a wrong password', async () => {
  let told = 0
  const listen = () => told++
  signedOut.addEventListener('signedout', listen)
  answering(problem(401, 'login_refused'), problem(401, 'unauthenticated'))
  await api.post('/api/v1/login', { body: { email: 'a@b', password: 'x' } }).catch(() => {})
  expect(told).toBe(0)
  await api.get('/api/v1/me').catch(() => {})
  expect(told).toBe(1)
  signedOut.removeEventListener('signedout', listen)
})

test('a change is tried again under the same key, and another one under another', async () => {
  const calls = answering(new Error('cable'), problem(503, 'unavailable'), Response.json({}), Response.json({}))
  const checkIn = () => insist((key) => api.post('/api/v1/visits/{id}/check-in', { path: { id: 'x' }, key }))
  await checkIn()
  await checkIn()
  expect(new Set(calls.slice(0, 3).map((c) => c.key)).size).toBe(1)
  expect(calls[3]?.key).not.toBe(calls[0]?.key)
  expect(intent()).toMatch(/^[0-9a-f]{32}$/)
})

test('a refused change is not tried again', async () => {
  const calls = answering(problem(409, 'visit_ended'))
  await expect(insist((key) => api.post('/api/v1/visits/{id}/cancel', { path: { id: 'x' }, key }))).rejects.toThrow(
    'In words.',
  )
  expect(calls.length).toBe(1)
})
