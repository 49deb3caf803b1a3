import { useRef } from 'react'
import { Copy } from '../look/Secret.tsx'
import classes from './Network.module.css'

/** Something to type elsewhere, exactly as it is. */
export function Command({ label, text }: { label: string; text: string }) {
  const code = useRef<HTMLElement>(null)
  return (
    <div className={classes.command} role="group" aria-label={label}>
      <code ref={code}>{text}</code>
      <Copy label={label} from={code} />
    </div>
  )
}
