import { useEffect, useRef, useState } from 'react'
import classes from './Kiosk.module.css'
import type { Words } from './words.ts'

type Detector = { detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]> }
type DetectorClass = new (options: { formats: string[] }) => Detector

const detectorClass = () => (window as unknown as { BarcodeDetector?: DetectorClass }).BarcodeDetector

type Trouble = 'insecure' | 'none' | 'refused'

/** What keeps this browser from reading codes with a camera, if anything does. */
function lacking(): Trouble | null {
  if (!window.isSecureContext) return 'insecure'
  return detectorClass() && navigator.mediaDevices ? null : 'none'
}

export const hasCamera = () => lacking() === null

const looksEach = 200

/** The camera's picture, and what it finds in it; or in plain words why there is none. */
export function Camera({ say, found }: { say: Words; found: (text: string) => void }) {
  const video = useRef<HTMLVideoElement>(null)
  const [trouble, setTrouble] = useState(lacking)
  const latest = useRef(found)
  latest.current = found
  useEffect(() => {
    const Class = detectorClass()
    if (trouble || !video.current || !Class) return
    return watch(video.current, new Class({ formats: ['qr_code'] }), (text) => latest.current(text), () => setTrouble('refused'))
  }, [trouble])
  if (trouble) return <p className={classes.note}>{say(`kiosk.camera.${trouble}`)}</p>
  return <video ref={video} className={classes.camera} aria-label={say('kiosk.camera.picture')} muted playsInline />
}

/** Looks until it is stopped; then the camera is off. */
function watch(video: HTMLVideoElement, detector: Detector, found: (text: string) => void, refused: () => void) {
  let stopped = false
  let stream: MediaStream | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = async () => {
    const codes = await detector.detect(video).catch(() => [])
    if (stopped) return
    if (codes[0]) found(codes[0].rawValue)
    timer = setTimeout(look, looksEach)
  }
  const stop = () => {
    stopped = true
    clearTimeout(timer)
    for (const track of stream?.getTracks() ?? []) track.stop()
    video.srcObject = null
  }
  const start = async () => {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width: { ideal: 1280 } } })
    if (stopped) return stop()
    video.srcObject = stream
    await video.play()
    await look()
  }
  start().catch(() => stopped || refused())
  return stop
}
