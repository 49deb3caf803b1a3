// A guest's phone on a guest network: its browser has no script and keeps no cookie,
// and what it is shown is the portal's. The access point and RADIUS are as everywhere.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { board, call, control, launch, row, signIn, stack } from '../browser.mjs'
import { look } from '../look.mjs'

const shared = 'what-the-gateway-shares'
const made = []
let portal, eyes, stranger

before(async () => {
  const make = async (path, body) => {
    const thing = await call('POST', path, body)
    made.unshift(`${path}/${thing.id}`)
    return thing.id
  }
  const profile = await make('/profiles', { name: 'Harbour week', validity: { kind: 'days', value: 5 }, devices: 3 })
  const template = await make('/templates', {
    name: 'Harbour guests',
    methods: ['visit', 'account', 'form'],
    profile_id: profile,
    lifetime_minutes: 240,
    ask: { email: true, first_name: false, last_name: true },
    look: { text: { en: 'Free for guests of the house.', de: 'Kostenlos für Gäste des Hauses.' } },
  })
  await call('PUT', `/templates/${template}/consents/terms`, {
    texts: { en: 'Use this network lawfully.\n\nWe keep who was online when.', de: 'Nutzen Sie dieses Netz rechtmäßig.' },
  })
  portal = await make(`/sites/${stack.site}/portals`, {
    name: 'Lobby',
    vendor: 'coovachilli',
    template_id: template,
    nas_id: stack.nas,
    secret: shared,
    settings: { hosts: [new URL(stack.network).host] },
  })
  await control('portal', { portal: `${stack.url}/portal/${portal}`, secret: shared })
  eyes = await launch()
  stranger = await phone({ cookies: false })
})

after(async () => {
  await Promise.all([eyes?.close(), stranger?.close()])
  const profile = made.pop()
  for (const thing of made) await call('DELETE', thing)
  const { items } = await call('GET', '/accounts?q=portside') // which are of the profile
  for (const account of items) await call('DELETE', `/people/${account.id}`)
  await call('DELETE', profile)
})

/** The browser of a phone: as small, and without scripts. */
async function phone({ cookies }) {
  const home = await mkdtemp(join(tmpdir(), 'foyer-phone-'))
  await mkdir(join(home, 'Default'))
  const settings = { profile: { default_content_setting_values: { cookies: cookies ? 1 : 2 } } }
  await writeFile(join(home, 'Default', 'Preferences'), JSON.stringify(settings))
  return launch({ home, javaScriptEnabled: false, viewport: { width: 390, height: 844 } })
}

/** Has the network take whoever browses next for another device. */
const another = () => fetch(`${stack.network}/phone`, { method: 'POST' })

/** Looks at a page as it is, in a browser with the script that looks. */
async function seen(page, name) {
  const html = await page.content()
  assert.ok(!/<script|<img|<link|javascript:/i.test(html), `${name} is one document without scripts`)
  await eyes.page.setContent(html)
  await look(eyes, `portal-${name}`, { at: process.env.FOYER_SHOTS ? [390, 820] : [390] })
  await eyes.page.setViewportSize({ width: 320, height: 640 })
  assert.ok(await eyes.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than 320 px`)
}

const button = (page, name) => page.getByRole('button', { name, exact: true })
const held = (page) => button(page, 'Go online').waitFor()
const online = (page) => page.getByRole('heading', { name: 'You are online' }).waitFor()

/** Opens any page, as a phone does that has just joined, or its guest. */
const browse = (page) => page.goto(stack.network)

/** Waits until the access point was told to cut the phone off. */
async function cut() {
  for (let i = 0; i < 500; i++) {
    const { sessions } = await (await fetch(`${stack.control}/nas/sessions`)).json()
    if (!sessions.some((s) => s.mac.startsWith('00:00:5e:00:53'))) return
  }
  assert.fail('the phone is still online')
}

test('a visitor types in what the desk gave them, and is cut off as they are checked out', async (t) => {
  const desk = await launch()
  t.after(() => desk.close())
  await signIn(desk.page)
  await desk.page.keyboard.press('n')
  const form = desk.page.getByRole('dialog')
  await form.getByLabel('Last name').fill('Portside')
  await form.getByRole('button', { name: 'Check in' }).click()
  const access = desk.page.getByRole('dialog', { name: 'WiFi access' })
  await access.locator('code').nth(1).waitFor()
  const [username, password] = await access.locator('code').allTextContents()
  await access.getByRole('button', { name: 'Done' }).click()

  await another()
  const { page } = stranger
  await browse(page)
  await held(page)
  assert.ok(page.url().startsWith(`${stack.url}/portal/${portal}?`), 'the network sends the browser there')
  await seen(page, 'login')
  await page.getByLabel('User name').fill(username)
  await page.getByLabel('Password').fill('wrong-password')
  await page.getByRole('checkbox').check()
  await button(page, 'Go online').click()
  await page.getByRole('alert').waitFor()
  assert.equal(await page.getByLabel('User name').inputValue(), username, 'what was typed stands')
  await seen(page, 'login-wrong')

  // By the keyboard alone.
  const keyTo = async (what) => {
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press('Tab')
      if (await what.and(page.locator(':focus')).count()) return
    }
    assert.fail('the keyboard does not get there')
  }
  await keyTo(page.getByLabel('Password'))
  await page.keyboard.type(password)
  await keyTo(page.getByRole('checkbox'))
  if (!(await page.getByRole('checkbox').isChecked())) await page.keyboard.press('Space')
  await keyTo(button(page, 'Go online'))
  await page.keyboard.press('Enter')
  await online(page)
  await page.getByText(/^\d+\s(h|min)/).waitFor()
  await seen(page, 'online-visit')
  await browse(page)
  await page.getByRole('heading', { name: 'This is the internet' }).waitFor()

  await row(desk.page, 'Portside').getByRole('button', { name: /^Check out/ }).click()
  await desk.page.getByRole('dialog').getByRole('button', { name: 'Check out' }).click()
  await desk.page.getByText('Ada Portside is checked out.').or(desk.page.getByText('Portside is checked out.')).first().waitFor()
  await cut()
  const { events } = await (await fetch(`${stack.control}/nas/events`)).json()
  const told = events.filter((e) => e.packet === 'Disconnect-Request' && e.facts?.['User-Name'] === username)
  assert.equal(told.length, 1, 'the access point was told')
  await browse(page)
  await held(page)
  assert.deepEqual([...stranger.faults, ...desk.faults], [])
})

test('a guest without cookies logs in by a form, logs out, and need only say who they are the next time', async (t) => {
  await another()
  const { page } = stranger
  await browse(page)
  await button(page, 'With a form').click()
  await page.getByLabel('E-mail address').fill('not an address')
  await seen(page, 'form-login')
  await page.getByLabel('E-mail address').fill('grace@portside.example')
  await button(page, 'Go online').click()
  await page.getByLabel(/^First name/).fill('Grace')
  await page.getByLabel('Last name').fill('Portside')
  await seen(page, 'form-rest')
  await button(page, 'de').click()
  await button(page, 'Ins Internet').waitFor()
  await seen(page, 'form-rest-de')
  await button(page, 'en').click()
  await page.getByText('Terms of use', { exact: true }).click()
  await page.getByText('We keep who was online when.').waitFor()
  await seen(page, 'terms')
  await page.getByLabel('Last name').fill('Portside')
  await page.getByRole('checkbox').check()
  await button(page, 'Go online').click()
  await online(page)
  await seen(page, 'online')
  await button(page, 'Log out').click()
  await cut()
  await browse(page)
  await held(page)

  await button(page, 'With a form').click()
  await page.getByLabel('E-mail address').fill('Grace@Portside.example ')
  await button(page, 'Go online').click()
  await online(page)
  const { items } = await call('GET', `/authentications?portal_id=${portal}`)
  assert.deepEqual(items.map((a) => a.status), ['returning', 'logged_in'])
  await control('nas/reboot') // it forgot, not we
  await browse(page)
  await online(page)
  assert.equal((await call('GET', `/authentications?portal_id=${portal}`)).items.length, 2, 'let in again without a login')
  await call('POST', `/authentications/${items[0].id}/end`)
  await cut()
})

test('a guest who is known presses Continue', async (t) => {
  await another()
  const b = await phone({ cookies: true })
  t.after(() => b.close())
  const { page } = b
  await browse(page)
  await button(page, 'With a form').click()
  await page.getByLabel('E-mail address').fill('alan@portside.example')
  await button(page, 'Go online').click()
  await page.getByLabel('Last name').fill('Known')
  await page.getByRole('checkbox').check()
  await button(page, 'Go online').click()
  await online(page)
  const { items } = await call('GET', `/authentications?portal_id=${portal}&green=true`)
  await call('POST', `/authentications/${items[0].id}/end`)
  await cut()

  await browse(page)
  await button(page, 'Continue').waitFor()
  assert.equal(await page.getByRole('textbox').count(), 0, 'there is nothing to type')
  await seen(page, 'continue')
  await button(page, 'Continue').click()
  await online(page)
  const latest = (await call('GET', `/authentications?portal_id=${portal}&green=true`)).items
  assert.deepEqual(latest.map((a) => a.status), ['returning_auto'])
  await call('POST', `/authentications/${latest[0].id}/end`)
  await cut()
})

test('who was not sent by the network is told to join it', async (t) => {
  const { page } = stranger
  await page.goto(`/portal/${portal}`)
  await page.getByRole('heading', { name: 'Join the network first' }).waitFor()
  await seen(page, 'not-redirected')
  await page.goto(`/portal/${portal}?res=notyet&uamip=127.0.0.1&uamport=3990&challenge=${'0'.repeat(32)}&mac=02-00-00-00-00-01&md=${'0'.repeat(32)}`)
  await page.getByRole('heading', { name: 'This address is not right' }).waitFor()
  await seen(page, 'refused')
})
