import { Button } from '@mantine/core'
import { useEffect, useMemo } from 'react'
import type { Tab, Visit } from '../api/types.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { Icon } from '../look/Icon.tsx'
import { useText } from '../text/useText.tsx'
import { useKey } from '../useKey.ts'
import { useMe } from '../useMe.ts'
import classes from './Board.module.css'
import { choosable, manyOf, type Selection } from './useSelection.ts'

type Props = {
  tab: Tab
  visits: readonly Visit[]
  /** Whether these are all there are. */
  complete: boolean
  selection: Selection
}

/** How many are chosen, and what can be done with them. Who is gone from the list is not among them. */
export function Selected({ tab, visits, complete, selection }: Props) {
  const { t } = useText()
  const { can } = useMe()
  const open = useDialog()
  const what = manyOf(tab, can)
  const fit = useMemo(() => visits.filter((v) => choosable(v, tab)), [visits, tab])
  const chosen = fit.filter((v) => selection.chosen.has(v.id))
  useKey('Escape', selection.end)
  // All that were chosen are done with, or gone.
  const over = selection.chosen.size > 0 && chosen.length === 0
  const { end } = selection
  useEffect(() => {
    if (over) end()
  }, [over, end])
  if (!what) return null
  return (
    <div className={classes.selected} role="toolbar" aria-label={t('web.many.select')}>
      <span role="status">{t.count('web.many.chosen', chosen.length)}</span>
      <Button
        size="xs"
        fz="sm"
        disabled={chosen.length === 0}
        leftSection={what === 'revealMany' && <Icon name="print" size={16} />}
        onClick={() => open({ kind: what, visits: chosen })}
      >
        {t(`web.many.${what}`)}
      </Button>
      <Button size="xs" fz="sm" variant="default" onClick={() => selection.set(fit.map((v) => v.id))}>
        {t(complete ? 'web.many.all' : 'web.many.first', { count: fit.length })}
      </Button>
      <Button size="xs" fz="sm" variant="subtle" onClick={selection.end}>
        {t('web.many.end')}
      </Button>
      <span className={classes.hint}>{t('web.many.hint')}</span>
    </div>
  )
}
