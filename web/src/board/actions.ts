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
  | 'stay'
  | 'cancel'

const readmitWithin = 12 * 3_600_000

/** The one thing that is done to such a visit, if there is one. */
export function mainAction(v: Visit, can: (permission: string) => boolean): Action | null {
  if (v.status === 'pre_registered') return can('visits.checkin') ? 'checkIn' : null
  if (v.status === 'checked_in') return can('visits.checkout') ? 'checkOut' : null
  if (v.presence === 'unconfirmed') return can('visits.checkout') ? 'confirmLeft' : null
  return null
}

/** What stands beside the one thing where there is room: somebody overdue has left, or stays longer. */
export const secondAction = (more: readonly Action[]): Action | null => more.find((a) => a === 'stay') ?? null

/** What else can be done to it, in the order of the menu. */
export function moreActions(v: Visit, can: (permission: string) => boolean, now: number): Action[] {
  const ended = v.status === 'checked_out' || v.status === 'expired'
  const again = ended && now - Date.parse(v.ended_at ?? '') < readmitWithin
  const candidates: [Action, boolean, string][] = [
    ['change', v.status === 'pre_registered', 'visits.write'],
    ['extend', v.status === 'checked_in', 'visits.write'],
    ['access', v.status === 'checked_in', 'vouchers.reveal'],
    ['reissue', v.status === 'checked_in', 'vouchers.reissue'],
    ['stay', again && v.presence === 'unconfirmed', 'visits.checkin'],
    ['readmit', again && v.presence !== 'unconfirmed', 'visits.checkin'],
    ['cancel', v.status === 'pre_registered' && !v.check_in_requested_at, 'visits.write'],
  ]
  return candidates.filter(([, fits, permission]) => fits && can(permission)).map(([action]) => action)
}
