import { Button, Group } from '@mantine/core'
import type { Detail } from '../api/types.ts'
import { Pending } from '../dialog/Pending.tsx'
import { useChanges } from '../dialog/useChanges.ts'
import { Icon } from '../look/Icon.tsx'
import { Secret } from '../look/Secret.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near, span } from '../time.ts'
import { useMe } from '../useMe.ts'
import { useNow } from '../useNow.ts'
import { useActor } from './actor.ts'
import classes from './Visit.module.css'

/** The voucher: until when, how long still, and the way to its password. */
export function Access({ detail }: { detail: Detail }) {
  const { t } = useText()
  const { can } = useMe()
  const { reveal, quietly } = useChanges()
  const { voucher, visit, network } = detail
  if (!voucher) return null
  const live = visit.status === 'checked_in' && !voucher.revoked_at
  return (
    <section className={classes.section} aria-labelledby="access">
      <h2 id="access">{t('web.detail.access')}</h2>
      <Secret label={t('web.access.username')} value={voucher.username} />
      {live && network === 'pending' && <Pending />}
      {live ? <TimeLeft detail={detail} /> : <Ended detail={detail} />}
      {live && can('vouchers.reveal') && (
        <Group justify="space-between" gap="sm">
          <span className={classes.note}>{t('web.access.recorded')}</span>
          <Button variant="default" leftSection={<Icon name="eye" size={18} />} onClick={() => quietly(reveal(visit))}>
            {t('web.access.show')}
          </Button>
        </Group>
      )}
    </section>
  )
}

function TimeLeft({ detail }: { detail: Detail }) {
  const { t, language } = useText()
  const site = useSite()
  const now = useNow(1000)
  const { voucher, access_ends_at: last } = detail
  if (!voucher) return null
  const [from, until] = [Date.parse(voucher.valid_from), Date.parse(voucher.valid_until)]
  const left = span(until - now)
  const share = Math.max(0, Math.min(1, (until - now) / Math.max(1, until - from)))
  const text = left.hours
    ? t('web.left.hours', left)
    : left.minutes
      ? t('web.left.minutes', left)
      : t('web.left.seconds', left)
  const at = (instant: string) => near(instant, now, site.timezone, language)
  return (
    <div className={classes.time}>
      <div className={classes.timetext}>
        <span>{t('web.access.validuntil', { until: at(voucher.valid_until) })}</span>
        <span className="dimmed">{text}</span>
      </div>
      <div className={classes.bar} aria-hidden="true">
        <div style={{ width: `${share * 100}%` }} />
      </div>
      {last && last !== voucher.valid_until && (
        <span className={classes.note}>{t('web.access.latest', { at: at(last) })}</span>
      )}
    </div>
  )
}

function Ended({ detail: { voucher, visit, sessions, access_ends_at: last } }: { detail: Detail }) {
  const { t, language } = useText()
  const site = useSite()
  const actor = useActor()
  if (!voucher) return null
  const at = (instant: string) => near(instant, Date.now(), site.timezone, language)
  const revoked = voucher.revoked_at ?? visit.ended_at
  return (
    <div className={classes.time}>
      {revoked && (
        <span>
          {voucher.by
            ? t('web.access.ended.by', { at: at(revoked), actor: actor(voucher.by) })
            : t('web.access.ended', { at: at(revoked) })}
        </span>
      )}
      {last && sessions.some((x) => !x.ended_at) && (
        <span className={classes.note}>{t('web.access.cutoff', { at: at(last) })}</span>
      )}
    </div>
  )
}
