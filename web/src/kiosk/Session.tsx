import { useEffect, useRef, useState } from 'react'
import { insist, intent } from '../api/client.ts'
import type { Problem } from '../api/problem.ts'
import { clock } from '../time.ts'
import { Access } from './Access.tsx'
import { Clears } from './Clears.tsx'
import { type CheckedIn, desk, type Screen, type Told, tellOf, unpaired } from './desk.ts'
import classes from './Kiosk.module.css'
import { Ask, Greet, Message, Scan, Welcome } from './screens.tsx'
import { readShown, type Shown } from './shown.ts'
import { type Language, prefer, type Words } from './words.ts'

/** Who is about to be checked in. The key makes repeats of a registration harmless. */
export type Who =
  | { name: string; invited: Shown; key: string }
  | { name: string; typed: { first: string; last: string; company: string; host: string }; key: string }

type Step =
  | { at: 'welcome' | 'scan' | 'name' | 'company' | 'host' | 'out' | 'left' }
  | { at: 'greet'; who: Who; changed?: boolean }
  | { at: 'in'; answer: CheckedIn }
  | { at: 'leave'; shown: Shown }
  | { at: 'told'; told: Told; time?: string; again?: () => void }

type Props = {
  screen: Screen
  away: boolean
  say: Words
  language: Language
  speak: (language: Language) => void
  clear: () => void
  /** Asks what the kiosk may show; it may be none any more. */
  refresh: () => Promise<void>
}

const nobody = { first: '', last: '', company: '', host: '' }

/** One visitor's time at the screen. Everything they said is in here, and goes with it. */
export function Session({ screen, away, say, language, speak, clear, refresh }: Props) {
  const [step, setStep] = useState<Step>({ at: 'welcome' })
  const [form, setForm] = useState(nobody)
  const [busy, setBusy] = useState(false)
  const asking = useRef(false)
  const here = useRef(true)
  useEffect(() => {
    here.current = true
    return () => {
      here.current = false
    }
  }, [])

  /** Asks reception's system; what it refuses is told, and what it did not hear can be asked again. */
  const act = async (ask: () => Promise<Step>, unknown: Told = 'unknown') => {
    if (asking.current) return // pressed twice
    asking.current = true
    setBusy(true)
    let next: Step
    try {
      next = await ask()
    } catch (error) {
      const problem = error as Problem
      if (unpaired(problem)) await refresh()
      const told = tellOf(problem)
      next = {
        at: 'told',
        told: told === 'unknown' ? unknown : told,
        again: told === 'away' || told === 'failed' ? () => act(ask, unknown) : undefined,
      }
    }
    asking.current = false
    if (!here.current) return // somebody else stands here now
    setBusy(false)
    setStep(next)
  }

  const checkIn = (who: Who) =>
    act(async () => {
      const rules = { rules_version: screen.rules?.version }
      try {
        const answer = await insist(() =>
          'invited' in who
            ? desk.checkIn({ ...who.invited, ...rules }, who.key)
            : desk.walkIn({ ...registration(who.typed), ...rules }, who.key),
        )
        return { at: 'in', answer }
      } catch (error) {
        if ((error as Problem).code !== 'rules_changed') throw error
        await refresh()
        return { at: 'greet', who: { ...who, key: intent() }, changed: true }
      }
    })

  const invited = (shown: Shown) =>
    act(async () => {
      const { state, first_name: name, ready_at: ready } = await desk.invitation(shown)
      const who: Who = { name, invited: shown, key: intent() }
      switch (state) {
        case 'ready':
          return { at: 'greet', who }
        case 'checked_in': // by this screen, a moment ago: it shows the result again
          return { at: 'in', answer: await desk.checkIn(shown, who.key) }
        case 'too_early':
          return { at: 'told', told: 'early', time: ready && clock(ready, screen.timezone) }
        case 'over':
          return { at: 'told', told: 'over' }
      }
    })

  const leave = (shown: Shown) =>
    act(async () => {
      await insist((key) => desk.checkOut(shown, key))
      return { at: 'left' }
    }, 'out.unknown')

  const shown = (text: string) => {
    const read = readShown(text)
    if (!read) return false
    if (step.at === 'out') setStep({ at: 'leave', shown: read })
    else if ('username' in read) return false
    else invited(read)
    return true
  }

  const to = (at: 'welcome' | 'scan' | 'name' | 'company' | 'host' | 'out') => () => setStep({ at })
  const typed = (change: Partial<typeof nobody>) => setForm((f) => ({ ...f, ...change }))
  const common = { say, busy, home: clear }

  const content = () => {
    switch (step.at) {
      case 'welcome':
        if (away) return <Message {...common} told="away" again={refresh} />
        return <Welcome {...common} screen={screen} language={language} speak={speak} to={to} shown={shown} />
      case 'scan':
        return <Scan {...common} key="in" shown={shown} back={to('welcome')} />
      case 'out':
        return <Scan {...common} key="out" out shown={shown} back={to('welcome')} />
      case 'name':
      case 'company':
      case 'host':
        return (
          <Ask
            {...common}
            key={step.at}
            at={step.at}
            form={form}
            typed={typed}
            back={to(step.at === 'name' ? 'welcome' : step.at === 'company' ? 'name' : 'company')}
            next={
              step.at === 'host'
                ? () => setStep({ at: 'greet', who: { name: form.first, typed: form, key: intent() } })
                : to(step.at === 'name' ? 'company' : 'host')
            }
          />
        )
      case 'greet':
        return (
          <Greet
            {...common}
            key={screen.rules?.version}
            name={step.who.name}
            rules={screen.rules}
            changed={step.changed}
            language={language}
            accept={() => checkIn(step.who)}
          />
        )
      case 'in':
        return <Access say={say} language={language} zone={screen.timezone} answer={step.answer} />
      case 'leave':
        return <Message {...common} key="leave" told="leave" again={() => leave(step.shown)} />
      case 'left':
        return <Message {...common} key="left" told="left" />
      case 'told':
        return <Message {...common} key={step.told} told={step.told} time={step.time} again={step.again} />
    }
  }

  return (
    <>
      <Head site={screen.site} home={step.at === 'welcome' ? undefined : clear} say={say} />
      <main aria-busy={busy || undefined}>
        {content()}
        <p className={classes.waiting} role="status">
          {busy && say('kiosk.loading')}
        </p>
      </main>
      {(step.at !== 'welcome' || language !== prefer(navigator.languages)) && (
        <Clears
          key={step.at}
          say={say}
          over={clear}
          strict={step.at === 'in'}
          done={step.at === 'in' || step.at === 'left' || step.at === 'told' ? clear : undefined}
        />
      )}
    </>
  )
}

function Head({ site, home, say }: { site: string; home?: () => void; say: Words }) {
  return (
    <header className={classes.head}>
      <span className={classes.logo} aria-hidden="true">
        {initials(site)}
      </span>
      <span className={classes.site}>{site}</span>
      {home && (
        <button type="button" className={classes.quiet} onClick={home}>
          {say('kiosk.home')}
        </button>
      )}
    </header>
  )
}

/** "HH" for "Harbour House": where a site's logo will be. */
const initials = (name: string) =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase())
    .join('')

/** As the API wants it; what was left out is not sent. */
function registration({ first, last, company, host }: typeof nobody) {
  return {
    visitor: {
      ...(first.trim() && { first_name: first.trim() }),
      ...(last.trim() && { last_name: last.trim() }),
      ...(company.trim() && { company: company.trim() }),
    },
    ...(host.trim() && { host: { name: host.trim() } }),
  }
}
