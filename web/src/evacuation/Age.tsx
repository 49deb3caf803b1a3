import { useLive } from '../live/LiveProvider.tsx'
import { Icon } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { dayKey, seconds, shortDay, span } from '../time.ts'
import { useNow } from '../useNow.ts'
import classes from './Evacuation.module.css'

/** What is older is said loudly: something keeps this screen from being up to date. */
const freshFor = 30_000

/** How old what is shown is: always there, and by this device's clock. */
export function Age({ readAt }: { readAt: number }) {
  const { t, language } = useText()
  const site = useSite()
  const live = useLive().kind
  const now = useNow(1000)
  const age = Math.max(0, now - readAt)
  const old = age > freshFor
  const clock = seconds(readAt, site.timezone)
  const today = dayKey(readAt, site.timezone) === dayKey(now, site.timezone)
  const at = today ? clock : `${shortDay(readAt, site.timezone, language)}, ${clock}`
  return (
    <p className={classes.age} data-old={old || undefined}>
      <Icon name={old ? 'warn' : live === 'live' ? 'live' : 'clock'} />
      <span>
        {old ? t('web.evacuation.age.old', { at, ago: inWords(t, age) }) : t('web.evacuation.age', { at, ago: inWords(t, age) })}
      </span>
    </p>
  )
}

function inWords(t: ReturnType<typeof useText>['t'], age: number): string {
  const { hours, minutes, seconds: s } = span(age)
  if (hours > 0) return t('web.evacuation.ago.hours', { count: hours })
  if (minutes > 0) return t('web.evacuation.ago.minutes', { count: minutes })
  return t('web.evacuation.ago.seconds', { count: s })
}
