import { Stack } from '@mantine/core'
import type { Session, Visit } from '../api/types.ts'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { Confirm } from './Confirm.tsx'
import { useChanges } from './useChanges.ts'

type Props = { visit: Visit; close: () => void }

/** Does it and closes, unless what it did opened a dialog of its own. */
const thenClose = (act: Promise<void>, close: () => void) => act.then(close)

export function CheckOut({ visit, close }: Props) {
  const { t } = useText()
  const { checkOut } = useChanges()
  return (
    <Confirm
      title={t('web.checkout.title', { name: nameOf(visit) })}
      action={t('web.checkout.action')}
      waiting={t('web.checkout.waiting')}
      act={() => thenClose(checkOut(visit), close)}
      close={close}
    >
      {t('web.checkout.text')}
    </Confirm>
  )
}

export function Cancel({ visit, close }: Props) {
  const { t, language } = useText()
  const { cancel } = useChanges()
  const site = useSite()
  return (
    <Confirm
      danger
      dismiss={t('web.cancelvisit.keep')}
      title={t('web.cancelvisit.title', { name: nameOf(visit) })}
      action={t('web.cancelvisit.action')}
      waiting={t('web.waiting')}
      act={() => thenClose(cancel(visit), close)}
      close={close}
    >
      {t('web.cancelvisit.text', { when: near(visit.expected_arrival, Date.now(), site.timezone, language) })}
    </Confirm>
  )
}

export function ConfirmLeft({ visit, close }: Props) {
  const { t } = useText()
  const { confirmLeft } = useChanges()
  return (
    <Confirm
      title={t('web.confirmleft.title', { name: nameOf(visit) })}
      action={t('web.confirmleft.action')}
      waiting={t('web.waiting')}
      act={() => thenClose(confirmLeft(visit), close)}
      close={close}
    >
      {t('web.confirmleft.text')}
    </Confirm>
  )
}

export function Reissue({ visit, close }: Props) {
  const { t } = useText()
  const { reissue } = useChanges()
  return (
    <Confirm
      title={t('web.reissue.title', { name: nameOf(visit) })}
      action={t('web.reissue.action')}
      waiting={t('web.waiting')}
      act={() => reissue(visit)}
      close={close}
    >
      {t('web.reissue.text')}
    </Confirm>
  )
}

/** One device; the access stays, so that it may come back, which the text says. */
export function Disconnect({ visit, session, close }: Props & { session: Session }) {
  const { t } = useText()
  const { disconnect } = useChanges()
  return (
    <Confirm
      title={t('web.disconnect.title')}
      action={t('web.disconnect.action')}
      waiting={t('web.disconnect.waiting', { nas: session.nas_name })}
      act={() => thenClose(disconnect(visit, session), close)}
      close={close}
    >
      <Stack gap="sm">
        <span>{t('web.disconnect.text', { device: session.mac || t('web.devices.unknown'), nas: session.nas_name })}</span>
        <span>{t('web.disconnect.again', { name: nameOf(visit) })}</span>
      </Stack>
    </Confirm>
  )
}
