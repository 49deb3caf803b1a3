/**
 * The service worker of the evacuation page, and of nothing else: it lets that page
 * begin without a network. It keeps the page's own files, which are the same for
 * everybody, and never an answer of the API.
 *
 *   page         network first; without an answer soon, the kept one
 *   its assets   the kept ones: a name stands for one content
 *   all else     not touched
 */

type Waits = Event & { waitUntil(promise: Promise<unknown>): void }
type Fetches = Waits & { request: Request; respondWith(response: Promise<Response>): void }
type Worker = {
  skipWaiting(): Promise<void>
  addEventListener(kind: 'install' | 'activate', run: (e: Waits) => void): void
  addEventListener(kind: 'fetch', run: (e: Fetches) => void): void
}

/** Filled in by build/offline.ts: what the page loads, by a name for this build. */
declare const __OFFLINE__: { build: string; assets: string[] }

const worker = self as unknown as Worker
const { build, assets } = __OFFLINE__
const prefix = 'foyer-evacuation-'
const cacheName = prefix + build
const shell = '/'
/** Opening without a network must not take long; a slow one gets the kept page, which is the same. */
const patience = 700

worker.addEventListener('install', (e) => {
  e.waitUntil(fill().then(() => worker.skipWaiting()))
})

worker.addEventListener('activate', (e) => {
  e.waitUntil(dropOld())
})

worker.addEventListener('fetch', (e) => {
  const { method, mode, url } = e.request
  if (method !== 'GET') return
  const at = new URL(url)
  if (mode === 'navigate') e.respondWith(page(e.request))
  else if (at.origin === location.origin && assets.includes(at.pathname)) e.respondWith(asset(e.request))
})

async function fill(): Promise<void> {
  const cache = await caches.open(cacheName)
  await cache.addAll([new Request(shell, { cache: 'reload' }), ...assets])
}

async function dropOld(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName)
  await Promise.all(old.map((name) => caches.delete(name)))
}

async function page(request: Request): Promise<Response> {
  const instead = await kept(shell)
  if (!instead) return fetch(request)
  const late = new Promise<Response>((done) => setTimeout(() => done(instead), patience))
  const answer = fetch(request).then(
    (got) => (got.status >= 500 ? instead : got),
    () => instead,
  )
  return Promise.race([answer, late])
}

async function asset(request: Request): Promise<Response> {
  return (await kept(request.url)) ?? fetch(request)
}

/** Without opening the cache, which would make it again after signing out removed it. */
const kept = (url: string): Promise<Response | undefined> => caches.match(url, { cacheName, ignoreVary: true })

export {}
