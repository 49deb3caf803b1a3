import type { Visit } from '../api/types.ts'

const least = 60_000

/** Whether a departure lies far enough ahead for a readmission to take it over. */
export const worthKeeping = (v: Visit, now: number) => Date.parse(v.expected_departure) - now > least
