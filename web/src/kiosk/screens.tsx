import { useState } from 'react'
import { Icon, type IconName } from '../look/Icon.tsx'
import { Camera, hasCamera } from './Camera.tsx'
import type { Screen, Told } from './desk.ts'
import classes from './Kiosk.module.css'
import { Field, Question, Quiet, Wide } from './parts.tsx'
import { useScanner } from './useScanner.ts'
import { type Key, type Language, languages, spoken, type Words } from './words.ts'

type Common = { say: Words; busy: boolean; home: () => void }
type At = 'welcome' | 'scan' | 'name' | 'company' | 'host' | 'out'

type WelcomeProps = Common & {
  screen: Screen
  language: Language
  speak: (language: Language) => void
  to: (at: At) => () => void
  shown: (text: string) => boolean
}

/** The languages first, then the three things that people come for. */
export function Welcome({ say, screen, language, speak, to, shown }: WelcomeProps) {
  useScanner(shown)
  return (
    <Question wide title={say('kiosk.welcome')} before={<Languages say={say} language={language} speak={speak} />}>
      <div className={classes.choices}>
        <Choice icon="in" title={say('kiosk.choice.in')} hint={say('kiosk.choice.in.hint')} act={to('scan')} />
        {screen.walk_ins && (
          <Choice icon="user" title={say('kiosk.choice.walkin')} hint={say('kiosk.choice.walkin.hint')} act={to('name')} />
        )}
        <Choice icon="left" title={say('kiosk.choice.out')} hint={say('kiosk.choice.out.hint')} act={to('out')} />
      </div>
    </Question>
  )
}

function Languages({ say, language, speak }: Pick<WelcomeProps, 'say' | 'language' | 'speak'>) {
  return (
    <div className={classes.languages} role="group" aria-label={say('kiosk.languages')}>
      {(Object.keys(languages) as Language[]).map((l) => (
        <button key={l} type="button" lang={l} aria-pressed={l === language} onClick={() => speak(l)}>
          {languages[l]}
        </button>
      ))}
    </div>
  )
}

function Choice({ icon, title, hint, act }: { icon: IconName; title: string; hint: string; act: () => void }) {
  return (
    <button type="button" className={classes.choice} onClick={act}>
      <Icon name={icon} size={40} />
      <span>
        <b>{title}</b>
        <small>{hint}</small>
      </span>
    </button>
  )
}

type ScanProps = Common & { out?: boolean; shown: (text: string) => boolean; back: () => void }

/** Camera, scanner or fingers: whatever there is. */
export function Scan({ say, busy, out = false, shown, back }: ScanProps) {
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState(false)
  const read = (what: string) => {
    if (!busy) setWrong(!shown(what))
  }
  useScanner(read)
  const part = out ? 'out' : 'scan'
  return (
    <Question
      title={say(`kiosk.${part}.title`)}
      text={say(hasCamera() ? 'kiosk.scan.how.camera' : 'kiosk.scan.how')}
      submit={() => read(text)}
    >
      <Camera say={say} found={read} />
      <Field
        label={say(out ? 'kiosk.out.label' : 'kiosk.scan.type')}
        value={text}
        change={(next) => {
          setText(next)
          setWrong(false)
        }}
        trouble={wrong ? say(`kiosk.${part}.format`) : ''}
        code
      />
      <Wide busy={busy} disabled={text.trim() === ''}>
        {say('kiosk.continue')}
      </Wide>
      <Quiet act={back}>{say('kiosk.back')}</Quiet>
    </Question>
  )
}

type Form = { first: string; last: string; company: string; host: string }
type AskProps = Common & {
  at: 'name' | 'company' | 'host'
  form: Form
  typed: (change: Partial<Form>) => void
  back: () => void
  next: () => void
}

/** One question of those who have no invitation. Only the name must be answered. */
export function Ask({ say, at, form, typed, back, next }: AskProps) {
  const [missing, setMissing] = useState(false)
  const nameless = form.first.trim() === '' && form.last.trim() === ''
  const go = () => (at === 'name' && nameless ? setMissing(true) : next())
  return (
    <Question title={say(`kiosk.${at}.title`)} submit={go}>
      {at === 'name' ? (
        <>
          <Field
            label={say('kiosk.name.first')}
            value={form.first}
            change={(first) => typed({ first })}
            trouble={missing && nameless ? say('kiosk.name.missing') : ''}
            focus
          />
          <Field label={say('kiosk.name.last')} value={form.last} change={(last) => typed({ last })} />
        </>
      ) : (
        <Field label={say(`kiosk.${at}.label`)} value={form[at]} change={(text) => typed({ [at]: text })} focus />
      )}
      <Wide>{say(at !== 'name' && form[at].trim() === '' ? 'kiosk.skip' : 'kiosk.continue')}</Wide>
      <Quiet act={back}>{say('kiosk.back')}</Quiet>
    </Question>
  )
}

type GreetProps = Common & {
  name: string
  rules: Screen['rules']
  changed?: boolean
  language: Language
  accept: () => void
}

/** The last question: whether it is them, and the rules where the site has some. */
export function Greet({ say, busy, home, name, rules, changed, language, accept }: GreetProps) {
  const hello = name ? say('kiosk.hello', { name }) : say('kiosk.hello.nobody')
  if (!rules) {
    return (
      <Question title={hello} text={say('kiosk.ready')} submit={accept}>
        <Wide busy={busy}>{say('kiosk.checkin')}</Wide>
      </Question>
    )
  }
  const { text, lang } = spoken(rules.texts, language)
  return (
    <Question title={hello} text={changed ? say('kiosk.rules.changed') : undefined} submit={accept}>
      {/* A text that scrolls must be reachable by keyboard. */}
      <section className={classes.rules} aria-labelledby="rules" tabIndex={0}>
        <h2 id="rules">{say('kiosk.rules.title')}</h2>
        <p className="dimmed">{say('kiosk.rules.version', { version: rules.version })}</p>
        <p lang={lang}>{text}</p>
      </section>
      <Wide busy={busy}>{say('kiosk.rules.accept')}</Wide>
      <Quiet act={home}>{say('kiosk.rules.refuse')}</Quiet>
    </Question>
  )
}

const messages: Record<Told | 'leave' | 'left', [title: Key, text: Key]> = {
  again: ['kiosk.again.title', 'kiosk.again.text'],
  away: ['kiosk.away.title', 'kiosk.away.text'],
  busy: ['kiosk.busy.title', 'kiosk.busy.text'],
  early: ['kiosk.early.title', 'kiosk.early.text'],
  failed: ['kiosk.failed.title', 'kiosk.failed.text'],
  leave: ['kiosk.out.question', 'kiosk.out.explain'],
  left: ['kiosk.out.done', 'kiosk.out.thanks'],
  'out.unknown': ['kiosk.out.unknown.title', 'kiosk.out.unknown.text'],
  over: ['kiosk.over.title', 'kiosk.over.text'],
  unknown: ['kiosk.unknown.title', 'kiosk.unknown.text'],
}

type MessageProps = Common & { told: keyof typeof messages; time?: string; again?: () => void }

/** Something is said, and at most one thing can be done about it. */
export function Message({ say, busy, home, told, time = '', again }: MessageProps) {
  const [title, text] = messages[told]
  return (
    <Question title={say(title)} text={say(text, { time })} submit={again}>
      {again && <Wide busy={busy}>{say(told === 'leave' ? 'kiosk.out.confirm' : 'kiosk.retry')}</Wide>}
      {told === 'leave' && <Quiet act={home}>{say('kiosk.back')}</Quiet>}
    </Question>
  )
}
