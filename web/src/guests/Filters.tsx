import type { ReactNode } from 'react'
import { usePhone } from '../board/usePhone.ts'
import { useText } from '../text/useText.tsx'
import classes from './Guests.module.css'

type Props = { search: ReactNode; /** How many of the others are set. */ set: number; children: ReactNode }

/** What narrows a list. On a phone all but the search are behind a word, so that the list is in sight. */
export function Filters({ search, set, children }: Props) {
  const { t } = useText()
  if (!usePhone()) {
    return (
      <div className={classes.filters}>
        {search}
        {children}
      </div>
    )
  }
  return (
    <div className={classes.fieldset}>
      {search}
      <details open={set > 0 || undefined}>
        <summary>{set > 0 ? t('web.guests.filters.set', { count: set }) : t('web.guests.filters')}</summary>
        <div className={classes.filters}>{children}</div>
      </details>
    </div>
  )
}
