import type { components } from './schema.ts'

type S = components['schemas']

export type Visit = S['Visit']
export type Status = Visit['status']
export type Site = S['Site']
export type Me = S['Me']
export type Agent = S['Agent']
export type NAS = S['NAS']
export type Session = S['Session']
export type Termination = S['Termination']
export type TimelineEvent = S['Event']
export type Voucher = S['Voucher']
export type VoucherState = S['VoucherState']
export type Delivery = S['Delivery']
export type Detail = S['VisitDetailAnswer']
export type CheckedIn = S['CheckInAnswer']
export type VisitPage = S['ListVisitsAnswer']
export type Person = S['Person']
export type Refused = S['RefusedLogin']
/** How to get into a network; it comes along with credentials. */
export type Joining = S['Joining']

/** The board's tabs, by the names of the API. */
export type Tab = 'expected' | 'on_site' | 'completed'
