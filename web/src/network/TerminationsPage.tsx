import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useAct } from '../dialog/useAct.ts'
import { useChanges } from '../dialog/useChanges.ts'
import { Icon } from '../look/Icon.tsx'
import { useProblemText } from '../look/States.tsx'
import { nameOf } from '../person.ts'
import { Line, Lines } from '../settings/kit/Lines.tsx'
import { Page } from '../settings/kit/Page.tsx'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useNow } from '../useNow.ts'
import classes from './Network.module.css'
import { type OpenTermination, openTerminationsQuery } from './queries.ts'

/** Visitors who left, and whose devices are not proven gone. */
export function TerminationsPage() {
  const { t } = useText()
  const site = useSite()
  const open = useQuery(openTerminationsQuery(site.id))
  return (
    <Page title={t('web.network.terminations')} intro={t('web.network.terminations.text')}>
      <Lines query={open} empty={t('web.network.terminations.none')}>
        {(o) => <OpenLine key={o.visit.id} open={o} />}
      </Lines>
    </Page>
  )
}

function OpenLine({ open: o }: { open: OpenTermination }) {
  const { t } = useText()
  const when = useWhen()
  const nas = o.nases.join(', ') || t('web.ending.nas')
  return (
    <Line
      icon={o.failed_at ? 'warn' : 'clock'}
      tone={o.failed_at ? 'bad' : 'warn'}
      title={
        <Link to="/visits/$visit" params={{ visit: o.visit.id }}>
          {nameOf(o.visit)}
        </Link>
      }
      note={
        <>
          <div>
            {o.reason
              ? t.known(`web.ending.reason.${o.reason}`, o.reason, { nas })
              : t(o.agent_name ? 'web.open.asked' : 'web.open.noagent', { agent: o.agent_name ?? '', nas })}
          </div>
          <div>
            <Next open={o} />
          </div>
        </>
      }
      side={
        <>
          <div>{o.nases.join(', ')}</div>
          <div>{t.count('web.open.devices', o.devices)}</div>
          <div>{t('web.open.left', { at: when(o.visit.ended_at) })}</div>
        </>
      }
    >
      <Retry open={o} />
    </Line>
  )
}

/** When it is tried again, counting down. */
function Next({ open: o }: { open: OpenTermination }) {
  const { t } = useText()
  const when = useWhen()
  const now = useNow(1000)
  if (o.failed_at) return <span className={classes.bad}>{t('web.open.failed', { at: when(o.failed_at) })}</span>
  if (!o.answered_at) return t('web.open.underway')
  if (!o.next_try_at) return t('web.ending.goeson')
  const left = Math.max(0, Math.ceil((Date.parse(o.next_try_at) - now) / 1000))
  if (left === 0) return t('web.open.now')
  return left < 120 ? t('web.open.next', { seconds: left }) : t('web.open.nextat', { at: when(o.next_try_at) })
}

function Retry({ open: o }: { open: OpenTermination }) {
  const { t } = useText()
  const client = useQueryClient()
  const { retryEnding } = useChanges()
  const { busy, error, run } = useAct()
  const explain = useProblemText()
  const retry = async () => {
    await retryEnding(o.visit)
    await client.invalidateQueries({ queryKey: ['terminations', o.visit.site_id] })
  }
  return (
    <div>
      <Button
        variant="default"
        loading={busy}
        leftSection={<Icon name="retry" size={18} />}
        aria-label={t('web.open.retry', { name: nameOf(o.visit) })}
        onClick={() => run(retry)}
      >
        {t('web.ending.retry')}
      </Button>
      {error !== null && (
        <div role="alert" className={classes.bad}>
          {explain(error)}
        </div>
      )}
    </div>
  )
}
