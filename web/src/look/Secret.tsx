import { ActionIcon, Tooltip } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useText } from '../text/useText.tsx'
import { Icon } from './Icon.tsx'
import classes from './Secret.module.css'

/** A credential, large and in groups of four by style alone: what is copied has no gaps. */
export function Secret({ label, value, grouped }: { label: string; value: string; grouped?: boolean }) {
  const text = useRef<HTMLElement>(null)
  return (
    <div className={classes.secret}>
      <div>
        <div className={classes.label}>{label}</div>
        <code ref={text} className={classes.value}>
          {grouped ? <Groups value={value} /> : value}
        </code>
      </div>
      <Copy label={label} from={text} />
    </div>
  )
}

/** Four characters a group; the gaps are no characters. */
export function Groups({ value }: { value: string }) {
  const starts = Array.from({ length: Math.ceil(value.length / 4) }, (_, i) => i * 4)
  return starts.map((at) => <span key={at}>{value.slice(at, at + 4)}</span>)
}

/** Copies the text of a node; what is shown and what is copied cannot differ. */
export function Copy({ label, from }: { label: string; from: React.RefObject<HTMLElement | null> }) {
  const { t } = useText()
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])
  const name = copied ? t('web.copied') : t('web.copy', { what: label })
  return (
    <Tooltip label={name}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="xl"
        aria-label={name}
        onClick={async () => setCopied(await copy(from.current))}
      >
        <Icon name={copied ? 'done' : 'copy'} />
      </ActionIcon>
    </Tooltip>
  )
}

/** Without HTTPS there is no clipboard to write to; the old way still works. */
async function copy(node: HTMLElement | null): Promise<boolean> {
  if (!node) return false
  try {
    await navigator.clipboard.writeText(node.textContent ?? '')
    return true
  } catch {
    getSelection()?.selectAllChildren(node)
    return document.execCommand('copy')
  }
}
