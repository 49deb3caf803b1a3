import { useText } from '../text/useText.tsx'
import type { Roll } from './queries.ts'
import classes from './Rolls.module.css'
import { useNumber } from './useNumber.ts'

const shares = ['ready', 'active', 'used'] as const

/** What has become of a roll's codes, in proportion and in words. */
export function Use({ of: u, sold }: { of: Roll['utilisation']; sold: boolean }) {
  const { t } = useText()
  const number = useNumber()
  return (
    <div className={classes.use}>
      <div className={classes.bar} aria-hidden="true">
        {shares.map((part) => u[part] > 0 && <span key={part} data-part={part} style={{ flexGrow: u[part] }} />)}
      </div>
      <div className={classes.legend}>
        {shares.map((part) => (
          <span key={part} data-part={part}>
            {t(`web.rolls.use.${part}`, { count: number.whole(u[part]) })}
          </span>
        ))}
        {(sold || u.sold > 0) && <span>{t('web.rolls.use.sold', { count: number.whole(u.sold) })}</span>}
      </div>
    </div>
  )
}

/** Those of several rolls together. */
export const together = (rolls: readonly Roll[]): Roll['utilisation'] =>
  rolls.reduce(
    (sum, { utilisation: u }) => ({
      ready: sum.ready + u.ready,
      active: sum.active + u.active,
      used: sum.used + u.used,
      sold: sum.sold + u.sold,
    }),
    { ready: 0, active: 0, used: 0, sold: 0 },
  )
