import { useNavigate } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import type { Counts } from './marks.ts'
import type { Outbox } from './outbox.ts'
import { useOutbox } from './outboxes.ts'
import type { RollCall } from './types.ts'

type Props = { rollCall: RollCall; counts: Counts; box: Outbox; close: () => void }

/** Asks, with what is not known yet. */
export function EndDialog({ rollCall, counts, box, close }: Props) {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const unsent = useOutbox(box).entries.filter((e) => !e.sent).length
  const rest = counts.people - counts.accounted
  const end = async () => {
    await box.flush()
    await api.post('/api/v1/sites/{site}/roll-calls/{rollcall}/end', { path: { site: site.id, rollcall: rollCall.id } })
    close()
    await navigate({ to: '/sites/$site/evacuation/$rollcall', params: { site: site.id, rollcall: rollCall.id } })
  }
  return (
    <Confirm
      large
      danger={rest > 0}
      title={t('web.evacuation.end.title')}
      action={t('web.evacuation.end')}
      waiting={t('web.waiting')}
      act={end}
      close={close}
    >
      {rest > 0 ? t.count('web.evacuation.end.rest', rest) : t('web.evacuation.end.all')} {t('web.evacuation.end.text')}
      {unsent > 0 && ` ${t.count('web.evacuation.unsent', unsent)}`}
    </Confirm>
  )
}
