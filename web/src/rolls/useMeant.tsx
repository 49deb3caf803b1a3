import { type ReactNode, useState } from 'react'
import { Problem } from '../api/problem.ts'
import type { Impact } from './queries.ts'
import { Retire } from './Retire.tsx'

/** How a change is meant that ends codes. */
export type Meant = { retire: true; runs_on: boolean }

/**
 * Asks, in the middle of saving, whether a change is meant that ends codes for good.
 * Whoever does not mean it gets a Problem, with which saving stops.
 */
export function useMeant(title: string, action: string): { ask: (i: Impact) => Promise<Meant>; question: ReactNode } {
  const [asking, setAsking] = useState<{ impact: Impact; answer: (runsOn: boolean | null) => void } | null>(null)
  const ask = (impact: Impact) =>
    new Promise<Meant>((go, stop) => {
      setAsking({
        impact,
        answer: (runsOn) => {
          setAsking(null)
          if (runsOn === null) stop(new Problem(409, 'roll_retires', ''))
          else go({ retire: true, runs_on: runsOn })
        },
      })
    })
  const question = asking && (
    <Retire
      title={title}
      action={action}
      impact={asking.impact}
      close={() => asking.answer(null)}
      act={async (runsOn) => asking.answer(runsOn)}
    />
  )
  return { ask, question }
}
