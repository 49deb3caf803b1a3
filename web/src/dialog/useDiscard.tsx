import { useState } from 'react'
import { Discard } from './Discard.tsx'

/**
 * Keeps a slip of a finger from closing a form that somebody has begun: Escape and the
 * cross ask first, a click outside does nothing. Goes to the form's Modal, and the
 * question behind it.
 */
export function useDiscard(begun: boolean, close: () => void) {
  const [asking, setAsking] = useState(false)
  return {
    modal: {
      onClose: () => (begun ? setAsking(true) : close()),
      closeOnEscape: !asking,
      closeOnClickOutside: !begun,
    },
    question: asking && <Discard stay={() => setAsking(false)} leave={close} />,
  }
}
