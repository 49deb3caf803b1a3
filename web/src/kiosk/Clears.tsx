import { useEffect, useRef, useState } from 'react'
import classes from './Kiosk.module.css'
import type { Words } from './words.ts'

/** How long a screen stands when nobody touches it, and when that is said. */
export const clearsAfter = 30
const warnsAt = 20
/** How long "Keep open" keeps it. */
export const keptFor = 120

const touches = ['pointerdown', 'keydown', 'wheel', 'touchmove', 'scroll'] as const

type Props = { say: Words; over: () => void; strict?: boolean; done?: () => void }

/**
 * Counts down to the moment when everything on the screen is forgotten. Touching
 * anything begins anew; where strict, "Keep open" alone does, because what is shown is
 * nobody else's business.
 */
export function Clears({ say, over, strict = false, done }: Props) {
  const { left, total, keep } = useCountdown(strict, over)
  const shown = strict || left <= warnsAt
  return (
    <footer className={classes.clears}>
      <p className="sr" role="status">
        {shown && say('kiosk.clears', { seconds: strict ? clearsAfter : warnsAt })}
      </p>
      {shown && (
        <>
          <Ring part={left / total} />
          <span aria-hidden="true">{say('kiosk.clears', { seconds: left })}</span>
          <button type="button" className={classes.quiet} onClick={keep}>
            {say('kiosk.keep')}
          </button>
        </>
      )}
      {done && (
        <button type="button" className={classes.plain} onClick={done}>
          {say('kiosk.done')}
        </button>
      )}
    </footer>
  )
}

function useCountdown(strict: boolean, over: () => void) {
  const [total, setTotal] = useState(clearsAfter)
  const [left, setLeft] = useState(clearsAfter)
  const until = useRef(0)
  const end = useRef(over)
  end.current = over
  useEffect(() => {
    const begin = () => {
      until.current = Date.now() + total * 1000
      setLeft(total)
    }
    begin()
    const tick = setInterval(() => {
      const seconds = Math.max(0, Math.ceil((until.current - Date.now()) / 1000))
      setLeft(seconds)
      if (seconds === 0) end.current()
    }, 250)
    if (!strict) for (const touch of touches) window.addEventListener(touch, begin, { capture: true, passive: true })
    return () => {
      clearInterval(tick)
      for (const touch of touches) window.removeEventListener(touch, begin, { capture: true })
    }
  }, [strict, total])
  const keep = () => {
    const longer = strict ? keptFor : clearsAfter
    until.current = Date.now() + longer * 1000
    setTotal(longer)
    setLeft(longer)
  }
  return { left, total, keep }
}

/** Its circumference is 100. */
function Ring({ part }: { part: number }) {
  return (
    <svg className={classes.ring} viewBox="0 0 36 36" aria-hidden="true">
      <circle cx="18" cy="18" r="15.915" />
      <circle cx="18" cy="18" r="15.915" strokeDasharray="100" strokeDashoffset={100 - part * 100} />
    </svg>
  )
}
