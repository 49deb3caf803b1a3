import { useEffect, useRef } from 'react'

/** A scanner types without a pause; what people press meanwhile is none of its. */
const pauseMost = 300
const shortest = 8

/**
 * Hears a barcode scanner, which is a keyboard that types fast and ends with Enter,
 * wherever on the page the focus is. A field that has it gets the text by itself.
 */
export function useScanner(scanned: (text: string) => void) {
  const latest = useRef(scanned)
  latest.current = scanned
  useEffect(() => {
    let text = ''
    let last = 0
    const hear = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.timeStamp - last > pauseMost) text = ''
      last = event.timeStamp
      if (event.key.length === 1) {
        text += event.key
        // A space would press the button that has the focus.
        if (text.length > 1) event.preventDefault()
      } else if (event.key === 'Enter' && text.length >= shortest) {
        event.preventDefault()
        event.stopPropagation()
        latest.current(text)
        text = ''
      }
    }
    window.addEventListener('keydown', hear, true)
    return () => window.removeEventListener('keydown', hear, true)
  }, [])
}
