/**
 * Reads something again whenever it is asked to: at once, then at most so often, and
 * never while a reading goes on. On a slow link, where each question would otherwise
 * cut the reading before it short, nothing would ever be read.
 */
export class Again {
  private reading = false
  private asked = false
  private stopped = false
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(
    private readonly read: () => Promise<unknown>,
    private readonly pause: number,
  ) {}

  ask(): void {
    if (this.stopped) return
    if (this.reading) {
      this.asked = true
      return
    }
    this.reading = true
    this.asked = false
    const rest = () => {
      this.timer = setTimeout(() => {
        this.reading = false
        if (this.asked) this.ask()
      }, this.pause)
    }
    this.read().then(rest, rest)
  }

  stop(): void {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
  }
}
