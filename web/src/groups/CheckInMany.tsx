import type { Visit } from '../api/types.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { useDialog } from '../dialog/Dialogs.tsx'
import { nameOf } from '../person.ts'
import { useText } from '../text/useText.tsx'
import classes from './Groups.module.css'
import { useCheckInMany } from './useCheckInMany.ts'

/** Asks once for all of them; the answer is everybody's credentials. */
export function CheckInMany({ visits, close }: { visits: readonly Visit[]; close: () => void }) {
  const { t } = useText()
  const open = useDialog()
  const checkInMany = useCheckInMany()
  const act = async () => {
    const found = await checkInMany(visits.map((v) => v.id))
    // Whoever was refused has no visit in the answer, but a name here.
    const rows = found.rows.map((r) => ({ ...r, visit: r.visit ?? visits.find((v) => v.id === r.id) }))
    open({ kind: 'accesses', ...found, rows })
  }
  return (
    <Confirm
      title={t.count('web.many.checkin.title', visits.length)}
      action={t('web.checkin.action')}
      waiting={t.count('web.many.checkin.waiting', visits.length)}
      act={act}
      close={close}
    >
      <Names visits={visits} />
    </Confirm>
  )
}

export function Names({ visits }: { visits: readonly Visit[] }) {
  const { t } = useText()
  return (
    // Long lists scroll in here, by keyboard too.
    <ul className={classes.names} tabIndex={0} aria-label={t('web.many.visitors')}>
      {visits.map((v) => (
        <li key={v.id}>
          {nameOf(v)}
          {v.visitor.company && <span className="dimmed"> · {v.visitor.company}</span>}
        </li>
      ))}
    </ul>
  )
}
