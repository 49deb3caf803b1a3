import { useLive } from '../live/LiveProvider.tsx'
import { useLater } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { seconds } from '../time.ts'
import classes from './Frame.module.css'

/** Whether what is shown is how it is now. */
export function LiveMark() {
  const { t } = useText()
  const live = useLive()
  const site = useSite()
  const patient = useLater(1000)
  if (live.kind === 'connecting' && !patient) return <span className={classes.live} />
  const text =
    live.kind === 'stale'
      ? t('web.live.stale', { since: seconds(live.since, site.timezone) })
      : t(`web.live.${live.kind}`)
  return (
    <span className={classes.live} data-kind={live.kind} role="status">
      <span className={classes.dot} aria-hidden="true" />
      <span className={classes.livetext}>{text}</span>
    </span>
  )
}
