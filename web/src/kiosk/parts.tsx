import { type FormEvent, type ReactNode, useEffect, useId, useRef } from 'react'
import classes from './Kiosk.module.css'

type QuestionProps = {
  title: string
  text?: string
  before?: ReactNode
  submit?: () => void
  children?: ReactNode
  wide?: boolean
}

/** One question with what belongs to it. Its title has the focus when it appears, so that it is read out. */
export function Question({ title, text, before, submit, children, wide }: QuestionProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (!document.activeElement?.matches('main input')) heading.current?.focus()
  }, [])
  const go = (event: FormEvent) => {
    event.preventDefault()
    submit?.()
  }
  const content = (
    <>
      {before}
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {text && <p className={classes.lead}>{text}</p>}
      {children}
    </>
  )
  const name = wide ? `${classes.question} ${classes.broad}` : classes.question
  if (!submit) return <div className={name}>{content}</div>
  return (
    <form className={name} onSubmit={go} autoComplete="off" noValidate>
      {content}
    </form>
  )
}

type FieldProps = {
  label: string
  value: string
  change: (text: string) => void
  trouble?: string
  mode?: 'text' | 'numeric'
  /** In the face and size of credentials. */
  code?: boolean
  focus?: boolean
  most?: number
}

/** A field that no browser remembers, completes or corrects. */
export function Field({ label, value, change, trouble, mode = 'text', code, focus, most = 200 }: FieldProps) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (focus) input.current?.focus()
  }, [focus, trouble])
  return (
    <div className={classes.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        ref={input}
        className={code ? classes.typed : undefined}
        type="text"
        inputMode={mode}
        value={value}
        maxLength={most}
        onChange={(e) => change(e.currentTarget.value)}
        aria-invalid={trouble ? true : undefined}
        aria-describedby={trouble ? `${id}-trouble` : undefined}
        autoComplete="off"
        autoCorrect="off"
        autoCapitalize={code ? 'none' : 'words'}
        spellCheck={false}
      />
      {trouble && (
        <p id={`${id}-trouble`} role="alert" className={classes.trouble}>
          {trouble}
        </p>
      )}
    </div>
  )
}

/** The one thing to go on with; it submits its question where it has no act of its own. */
export function Wide(props: { children: ReactNode; act?: () => void; busy?: boolean; disabled?: boolean }) {
  const { children, act, busy = false, disabled = false } = props
  return (
    <button
      type={act ? 'button' : 'submit'}
      className={classes.primary}
      onClick={act}
      disabled={disabled}
      aria-busy={busy || undefined}
    >
      {children}
    </button>
  )
}

export function Quiet({ children, act }: { children: ReactNode; act: () => void }) {
  return (
    <button type="button" className={classes.quiet} onClick={act}>
      {children}
    </button>
  )
}
