import { useState } from 'react'
import { Problem } from '../api/problem.ts'
import { forgetEvacuation } from '../evacuation/leaving.ts'
import { desk, tellOf } from './desk.ts'
import { Field, Question, Wide } from './parts.tsx'
import type { Words } from './words.ts'

/** Six digits make this browser a kiosk. */
export function Pair({ say, paired }: { say: Words; paired: () => void }) {
  const [code, setCode] = useState('')
  const [trouble, setTrouble] = useState('')
  const [busy, setBusy] = useState(false)
  const pair = async () => {
    setBusy(true)
    try {
      await desk.pair(code)
      await forgetEvacuation() // this browser may have shown a dashboard before
      paired()
    } catch (error) {
      const problem = error as Problem
      const told = tellOf(problem)
      setTrouble(
        problem.code === 'pairing_refused' || problem.code === 'invalid' ? say('kiosk.pair.wrong') : say(`kiosk.${told}.title`),
      )
      setCode('')
    }
    setBusy(false)
  }
  return (
    <Question title={say('kiosk.pair.title')} text={say('kiosk.pair.text')} submit={pair}>
      <Field
        label={say('kiosk.pair.label')}
        value={code}
        change={(text) => setCode(text.replace(/\D/g, '').slice(0, 6))}
        trouble={trouble}
        mode="numeric"
        code
        focus
      />
      <Wide busy={busy} disabled={code.length !== 6}>
        {say('kiosk.pair.button')}
      </Wide>
    </Question>
  )
}
