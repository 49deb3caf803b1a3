import type { components } from '../api/schema.ts'

type S = components['schemas']

export type Present = S['Present']
/** One thing that somebody said of a person. */
export type Said = Pick<S['RollCallMark'], 'mark_id' | 'mark' | 'marked_by' | 'marked_at' | 'name'>
export type Listed = Omit<S['Listed'], 'marks'> & { marks: (Said & { received_at: string })[] }
export type RollCall = S['RollCall']
export type Kind = RollCall['kind']
export type EvacuationList = S['EvacuationAnswer']
export type RollCallDetail = Omit<S['RollCallDetailAnswer'], 'people'> & { people: Listed[] }
/** What a person's marks amount to. */
export type Mark = Listed['mark']
/** What somebody can say. */
export type MarkMade = S['RollCallMark']['mark']
export type MarkResult = S['MarkResult']['result']
