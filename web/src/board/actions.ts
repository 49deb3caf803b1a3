import type { Visit } from '../api/types.ts'

export type Action =
  | 'checkIn'
  | 'checkOut'
  | 'confirmLeft'
  | 'change'
  | 'extend'
  | 'access'
  | 'reissue'
  | 'readmit'
  | 'cancel'

const readmitWithin = 12 * 3_600_000

/** The one thing that is done to such a visit, if there is one. */
export function mainAction(v: Visit, can: (permission: string) => boolean): Action | null {
  if (v.status === 'pre_registered') return can('visits.checkin') ? 'checkIn' : null
  if (v.status === 'checked_in') return can('visits.checkout') ? 'checkOut' : null
  if (v.presence === 'unconfirmed') return can('visits.checkout') ? 'confirmLeft' : null
  return null
}

/** What else can be done to it, in the order of the menu. */
export function moreActions(v: Visit, can: (permission: string) => boolean, now: number): Action[] {
  const ended = v.ended_at && (v.status === 'checked_out' || v.status === 'expired')
  const candidates: [Action, boolean, string][] = [
    ['change', v.status === 'pre_registered', 'visits.write'],
    ['extend', v.status === 'checked_in', 'visits.write'],
    ['access', v.status === 'checked_in', 'vouchers.reveal'],
    ['reissue', v.status === 'checked_in', 'vouchers.reissue'],
    ['readmit', Boolean(ended && now - Date.parse(v.ended_at ?? '') < readmitWithin), 'visits.checkin'],
    ['cancel', v.status === 'pre_registered' && !v.check_in_requested_at, 'visits.write'],
  ]
  return candidates.filter(([, fits, permission]) => fits && can(permission)).map(([action]) => action)
}
