import { Button } from '@mantine/core'
import type { Delivery, Detail } from '../api/types.ts'
import { useChanges } from '../dialog/useChanges.ts'
import { Icon, type IconName } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useMe } from '../useMe.ts'
import classes from './Visit.module.css'

type Mark = 'done' | 'open' | 'bad' | 'none'

const marks: Record<string, Mark> = {
  delivered: 'done',
  synced: 'done',
  pending: 'open',
  failed: 'bad',
  needs_attention: 'bad',
  skipped: 'none',
  erased: 'none',
}

const icons: Record<Mark, IconName> = { done: 'done', open: 'clock', bad: 'warn', none: 'absent' }

/** Mails, webhooks and the CRM: what the visit gave rise to outside, and what became of it. */
export function Outward({ detail }: { detail: Detail }) {
  const { t } = useText()
  const { can } = useMe()
  const { retryCRM, quietly } = useChanges()
  const { deliveries, crm, visit } = detail
  if (deliveries.length === 0 && !crm) return null
  return (
    <section className={classes.section} aria-labelledby="outward">
      <h2 id="outward">{t('web.detail.outward')}</h2>
      <ul className={classes.list}>
        {deliveries.map((d) => (
          <Sent key={d.id} delivery={d} />
        ))}
        {crm && <Line what={t('web.outward.crm')} state={crm.state} reason={crm.reason} at={crm.synced_at ?? crm.tried_at} />}
      </ul>
      {crm?.state === 'needs_attention' && can('crm.write') && (
        <div className={classes.retry}>
          <span />
          <Button
            variant="default"
            leftSection={<Icon name="retry" size={18} />}
            onClick={() => quietly(retryCRM(visit))}
          >
            {t('web.ending.retry')}
          </Button>
        </div>
      )}
    </section>
  )
}

function Sent({ delivery: d }: { delivery: Delivery }) {
  const { t } = useText()
  const what =
    d.target === 'mail'
      ? t('web.outward.mail', { name: t.known(`web.mail.${d.name}`, d.name) })
      : t('web.outward.webhook', { name: d.name })
  const next = d.state === 'pending' && d.attempts > 0 ? d.next_attempt_at : undefined
  return <Line what={what} state={d.state} reason={d.reason} next={next} at={d.ended_at ?? d.created_at} />
}

type LineProps = { what: string; state: string; reason: string | undefined; at: string | undefined; next?: string }

function Line({ what, state, reason, at, next }: LineProps) {
  const { t, language } = useText()
  const site = useSite()
  const mark = marks[state] ?? 'open'
  const when = (instant: string) => near(instant, Date.now(), site.timezone, language)
  const why = reason && state !== 'delivered' && state !== 'synced' ? t.known(`web.outward.reason.${reason}`, reason) : ''
  return (
    <li className={classes.story} data-state={mark}>
      <Icon name={icons[mark]} />
      <div>
        {what}
        <div className={classes.note}>
          {t.known(`web.outward.state.${state}`, state)}
          {at && ` · ${when(at)}`}
          {next && ` · ${t('web.outward.next', { at: when(next) })}`}
        </div>
        {why && <div className={classes.note}>{why}</div>}
      </div>
    </li>
  )
}
