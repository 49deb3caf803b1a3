import { Icon } from '../look/Icon.tsx'
import { useText } from '../text/useText.tsx'
import type { Strength } from './queries.ts'
import classes from './Rolls.module.css'
import { useNumber } from './useNumber.ts'

/** How little a compatible zone's keys protect. */
export function Weak({ strength: s }: { strength: Strength }) {
  const { t } = useText()
  const number = useNumber()
  return (
    <div className={classes.verdict} data-tone="warn" role="note">
      <Icon name="warn" />
      <div>
        <strong>{t('web.zone.weak')}</strong>
        <p>
          {t.count(s.codes_needed > 2 ? 'web.zone.weak.strip' : 'web.zone.weak.codes', s.codes_needed, {
            time: number.seconds(s.search_seconds),
          })}{' '}
          {t('web.zone.weak.key', { time: number.seconds(s.factor_seconds) })}{' '}
          {t('web.zone.weak.guess', { guesses: number.about(s.guess_one_in) })}
        </p>
        <p>{t('web.zone.weak.help')}</p>
      </div>
    </div>
  )
}
