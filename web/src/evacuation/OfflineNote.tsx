import { Icon } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Evacuation.module.css'
import { useOffline } from './install.ts'
import { keptUnsent, type Outbox } from './outbox.ts'
import { useOutbox } from './outboxes.ts'

type Props = {
  box: Outbox
  /** Whether this device has a list on its disk. */
  kept: boolean
}

/** Whether this device can do without a network, and what is not sent yet. */
export function OfflineNote({ box, kept }: Props) {
  const { t } = useText()
  const site = useSite()
  const offline = useOffline(site.id)
  const state = useOutbox(box)
  const { refused, durable } = state
  const unsent = keptUnsent(state)
  return (
    <ul className={classes.notes}>
      {unsent > 0 && <Note>{t.count('web.evacuation.unsent', unsent)}</Note>}
      {refused > 0 && <Note>{t.count('web.evacuation.refused', refused)}</Note>}
      {!durable && <Note>{t('web.evacuation.notkept')}</Note>}
      {offline !== 'preparing' && (kept || offline !== 'ready') && (
        <Note good={offline === 'ready'}>{t(`web.evacuation.offline.${offline}`)}</Note>
      )}
    </ul>
  )
}

function Note({ good, children }: { good?: boolean; children: string }) {
  return (
    <li data-good={good || undefined}>
      <Icon name={good ? 'done' : 'warn'} />
      <span>{children}</span>
    </li>
  )
}
