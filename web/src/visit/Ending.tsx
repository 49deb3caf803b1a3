import { Button } from '@mantine/core'
import type { Detail } from '../api/types.ts'
import { useAct } from '../dialog/useAct.ts'
import { useChanges } from '../dialog/useChanges.ts'
import { Icon } from '../look/Icon.tsx'
import { useProblemText } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near, seconds, span } from '../time.ts'
import { useMe } from '../useMe.ts'
import { useNow } from '../useNow.ts'
import { endings, isSettled, nextTry, type SessionEnding } from './ending.ts'
import classes from './Visit.module.css'

/** How the devices were disconnected, or why they are not yet. */
export function Ending({ detail }: { detail: Detail }) {
  const { t } = useText()
  const { can } = useMe()
  const { retryEnding } = useChanges()
  const { busy, error, run } = useAct()
  const explain = useProblemText()
  const list = endings(detail.terminations, detail.sessions)
  const ended = Boolean(detail.visit.ended_at)
  if (list.length === 0) return null
  const open = list.some((e) => !isSettled(e.last) && !e.session?.ended_at)
  return (
    <section className={classes.section} aria-labelledby="ending">
      <h2 id="ending">{t(ended ? 'web.detail.ending' : 'web.detail.disconnecting')}</h2>
      <ul className={classes.list}>
        {list.map((e) => (
          <Story key={e.key} ending={e} />
        ))}
      </ul>
      {open && ended && (
        <div className={classes.retry}>
          <span className={classes.note}>{!nextTry(list) && t('web.ending.goeson')}</span>
          {can('visits.terminate') && (
            <Button
              variant="default"
              loading={busy}
              leftSection={<Icon name="retry" size={18} />}
              onClick={() => run(() => retryEnding(detail.visit))}
            >
              {t('web.ending.retry')}
            </Button>
          )}
        </div>
      )}
      {error !== null && (
        <p role="alert" className={classes.bad}>
          {explain(error)}
        </p>
      )}
    </section>
  )
}

/** Counts down; once the time has passed, the attempt is under way. */
function NextTry({ at }: { at: string }) {
  const { t, language } = useText()
  const site = useSite()
  const now = useNow(1000)
  const left = span(Date.parse(at) - now)
  const text = () => {
    if (Date.parse(at) <= now) return t('web.ending.now')
    if (left.hours) return t('web.ending.next.at', { at: near(at, now, site.timezone, language) })
    return left.minutes ? t('web.ending.next.minutes', left) : t('web.ending.next.seconds', left)
  }
  return <> {text()}</>
}

export function Story({ ending }: { ending: SessionEnding }) {
  const { t, language } = useText()
  const site = useSite()
  const { last, session, attempts } = ending
  const nas = session?.nas_name || t('web.ending.nas')
  const values = {
    nas,
    device: session?.mac || t('web.devices.unknown'),
    until: last.until ? near(last.until, Date.now(), site.timezone, language) : '',
  }
  const state = t.known(`web.ending.state.${last.state}`, last.state, values)
  const reason = last.reason ? t.known(`web.ending.reason.${last.reason}`, last.reason, values) : ''
  const failed = last.state === 'failed' || last.state === 'unconfirmed'
  return (
    <li className={classes.story} data-state={isSettled(last) ? 'done' : failed ? 'bad' : 'open'}>
      <Icon name={isSettled(last) ? 'done' : failed ? 'warn' : 'clock'} />
      <div>
        <div>
          {[reason, state].filter(Boolean).join(' ')}
          {last.next_try_at && !session?.ended_at && <NextTry at={last.next_try_at} />}
        </div>
        <ol className={classes.attempts}>
          {attempts.map((a) => (
            <li key={a.at}>
              <time dateTime={a.at}>{seconds(a.at, site.timezone)}</time>
              {t.known(`web.ending.answer.${a.answer}`, a.answer, values)}
            </li>
          ))}
        </ol>
      </div>
    </li>
  )
}
