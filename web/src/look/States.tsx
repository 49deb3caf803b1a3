import { Button, Loader } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { Problem } from '../api/problem.ts'
import { useText } from '../text/useText.tsx'
import { Icon, type IconName } from './Icon.tsx'
import classes from './States.module.css'

/** What would be here, and how to make it so. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className={classes.state}>
      <span className={classes.symbol}>
        <Icon name={icon} size={28} />
      </span>
      <p className={classes.title}>{title}</p>
      {children}
    </div>
  )
}

/** What happened and what to do. */
export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  const { t } = useText()
  const explain = useProblemText()
  return (
    <div className={classes.state} role="alert">
      <span className={classes.symbol} data-bad>
        <Icon name="warn" size={28} />
      </span>
      <p className={classes.title}>{explain(error)}</p>
      {again && (
        <Button variant="default" leftSection={<Icon name="retry" size={16} />} onClick={again}>
          {t('web.again')}
        </Button>
      )}
    </div>
  )
}

/** Says what is awaited once that has taken long enough to notice. */
export function Waiting({ children }: { children: ReactNode }) {
  const shown = useLater(300)
  return (
    <div className={classes.waiting} role="status">
      {shown && (
        <>
          <Loader size="xs" aria-hidden="true" />
          <span>{children}</span>
        </>
      )}
    </div>
  )
}

export function useLater(milliseconds: number): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), milliseconds)
    return () => clearTimeout(timer)
  }, [milliseconds])
  return late
}

/** An error in words: ours where we know the code, else the server's. */
export function useProblemText(): (error: unknown) => string {
  const { t } = useText()
  return (error) => {
    if (!(error instanceof Problem)) return t('web.problem.unexpected')
    return t.known(`web.problem.${error.code}`, error.detail || t('web.problem.unexpected'))
  }
}
