import { Button } from '@mantine/core'
import type { Detail, Session, Visit } from '../api/types.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { Icon } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useMe } from '../useMe.ts'
import { traffic } from './traffic.ts'
import classes from './Visit.module.css'

/** Devices that are or were connected, those still there first. */
export function Devices({ detail: { visit, sessions } }: { detail: Detail }) {
  const { t } = useText()
  const sorted = sessions.toSorted(
    (a, b) => Number(Boolean(a.ended_at)) - Number(Boolean(b.ended_at)) || (a.started_at < b.started_at ? 1 : -1),
  )
  return (
    <section className={classes.section} aria-labelledby="devices">
      <h2 id="devices">{t('web.detail.devices')}</h2>
      {sorted.length === 0 ? (
        <p className={classes.note}>{t('web.devices.none')}</p>
      ) : (
        <ul className={classes.list}>
          {sorted.map((s) => (
            <Device key={s.id} visit={visit} session={s} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Device({ visit, session: s }: { visit: Visit; session: Session }) {
  const { t, language } = useText()
  const { can } = useMe()
  const open = useDialog()
  const site = useSite()
  const at = (instant: string) => near(instant, Date.now(), site.timezone, language)
  const total = traffic(s.input_octets + s.output_octets, language)
  return (
    <li className={classes.device} data-ended={s.ended_at ? true : undefined}>
      <Icon name="device" />
      <div>
        <div className={classes.mac}>
          {s.mac || t('web.devices.unknown')}
          {s.ip && <span className="dimmed"> {s.ip}</span>}
        </div>
        <div className={classes.note}>
          {s.ended_at
            ? t('web.devices.ended', { nas: s.nas_name, from: at(s.started_at), to: at(s.ended_at), traffic: total })
            : t('web.devices.since', { nas: s.nas_name, from: at(s.started_at), traffic: total })}
        </div>
      </div>
      {!s.ended_at && visit.status === 'checked_in' && can('visits.terminate') && (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={t('web.disconnect.name', { device: s.mac || t('web.devices.unknown') })}
          onClick={() => open({ kind: 'disconnect', visit, session: s })}
        >
          {t('web.disconnect.action')}
        </Button>
      )}
    </li>
  )
}
