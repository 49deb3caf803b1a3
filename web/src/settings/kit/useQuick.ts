import { useProblemText } from '../../look/States.tsx'
import { useToast } from '../../look/Toasts.tsx'

/** Does something small at once; that it did not work is said in passing. */
export function useQuick(): (act: () => Promise<unknown>) => void {
  const toast = useToast()
  const explain = useProblemText()
  return (act) => {
    act().catch((error: unknown) => toast({ text: explain(error), bad: true }))
  }
}
