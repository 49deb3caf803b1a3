import { useState } from 'react'
import { Problem } from '../../api/problem.ts'
import { useAct } from '../../dialog/useAct.ts'
import { mended } from '../../groups/mend.ts'
import { useText } from '../../text/useText.tsx'

export type Faults = Record<string, string | undefined>

/** Whether two forms say the same. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * What somebody changes of something, what is wrong with it, and saving it. Fields
 * have the names that the API gives them, so that its complaints find their places.
 * A complaint goes away when its field changes.
 */
export function useForm<T extends object>(
  initial: T,
  save: (value: T) => Promise<void>,
  check: (value: T) => Faults = () => ({}),
) {
  const [edited, setEdited] = useState<T | null>(null)
  const [sent, setSent] = useState<T | null>(null)
  const { busy, error, run } = useAct()
  const { t } = useText()
  const value = edited ?? initial
  const own = sent ? check(value) : {}
  const theirs = error instanceof Problem ? error.fields : {}

  const fault = (path: string): string | undefined => {
    if (own[path]) return own[path]
    const name = path.split(/[.[]/)[0] as keyof T
    const said = sent && same(sent[name], value[name]) ? theirs[path] : undefined
    return said && mended(t, 'invalid', said)
  }
  const submit = () => {
    setSent(value)
    if (Object.values(check(value)).some(Boolean)) return
    run(async () => {
      await save(value)
      setEdited(null)
      setSent(null)
    })
  }
  return {
    value,
    set: (change: Partial<T>) => setEdited((before) => ({ ...(before ?? initial), ...change })),
    dirty: edited !== null && !same(edited, initial),
    busy,
    error,
    fault,
    submit,
    discard: () => {
      setEdited(null)
      setSent(null)
    },
  }
}

export type FormState = Pick<ReturnType<typeof useForm>, 'dirty' | 'busy' | 'error' | 'submit' | 'discard' | 'fault'>
