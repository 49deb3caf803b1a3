import type { Visit } from '../api/types.ts'
import { useText } from '../text/useText.tsx'
import classes from './Badge.module.css'
import { Icon, type IconName } from './Icon.tsx'

export type Condition = 'expected' | 'in' | 'overdue' | 'left' | 'expired' | 'cancelled' | 'no_show'

/** What a visit's badge says: where the person is comes before how the access ended. */
export function conditionOf(v: Visit): Condition {
  switch (v.status) {
    case 'pre_registered':
      return 'expected'
    case 'checked_in':
      return 'in'
    case 'checked_out':
      return 'left'
    case 'cancelled':
      return 'cancelled'
    case 'no_show':
      return 'no_show'
    case 'expired':
      return v.presence === 'unconfirmed' ? 'overdue' : 'expired'
  }
}

const icons: Record<Condition, IconName> = {
  expected: 'clock',
  in: 'in',
  overdue: 'warn',
  left: 'left',
  expired: 'expired',
  cancelled: 'cancelled',
  no_show: 'absent',
}

/** In the list of what is over, an overdue visitor's access is what has ended. */
export function VisitBadge({ visit, completed = false }: { visit: Visit; completed?: boolean }) {
  const { t } = useText()
  const own = conditionOf(visit)
  const condition = completed && own === 'overdue' ? 'expired' : own
  return (
    <span className={classes.badge} data-condition={condition}>
      <Icon name={icons[condition]} size={15} />
      <span>{t(`web.badge.${condition}`)}</span>
    </span>
  )
}
