import { Alert } from '@mantine/core'
import { Icon } from '../look/Icon.tsx'
import { useText } from '../text/useText.tsx'
import type { Strength } from './queries.ts'
import { useNumber } from './useNumber.ts'

/** How little a compatible zone's keys protect. */
export function Weak({ strength: s }: { strength: Strength }) {
  const { t } = useText()
  const number = useNumber()
  return (
    <Alert color="yellow" icon={<Icon name="warn" />} title={t('web.zone.weak')}>
      <p>
        {t.count(s.codes_needed > 2 ? 'web.zone.weak.strip' : 'web.zone.weak.codes', s.codes_needed, {
          time: number.seconds(s.search_seconds),
        })}{' '}
        {t('web.zone.weak.key', { time: number.seconds(s.factor_seconds) })}{' '}
        {t('web.zone.weak.guess', { guesses: number.plain(s.guess_one_in) })}
      </p>
      <p>{t('web.zone.weak.help')}</p>
    </Alert>
  )
}
