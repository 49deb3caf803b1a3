import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import { showVisit, visitQuery } from '../api/queries.ts'
import type { VisitPage } from '../api/types.ts'
import { Again } from './again.ts'
import type { LiveEvent } from './link.ts'

type Pages = InfiniteData<VisitPage>

/** Reading everything again must not mean a hundred pages; who scrolled further gets the rest by scrolling. */
const pagesMost = 5

const shorten = (data: Pages): Pages =>
  data.pages.length <= pagesMost
    ? data
    : { pages: data.pages.slice(0, pagesMost), pageParams: data.pageParams.slice(0, pagesMost) }

const gatherFor = 100
/** With more changes at once, reading the lists is cheaper than reading the visits. */
const singlyMost = 6

/** In a roll call people mark one after the other; each screen reads the list this often at most. */
const evacuationEvery = 400

/** Brings what is shown after events. A burst is gathered, so that it costs a few requests. */
export class Follower {
  private visits = new Set<string>()
  private timer: ReturnType<typeof setTimeout> | null = null
  private readonly evacuation = new Again(
    () => this.client.invalidateQueries({ queryKey: ['evacuation', this.site] }),
    evacuationEvery,
  )

  constructor(
    private readonly client: QueryClient,
    private readonly site: string,
  ) {}

  event(e: LiveEvent): void {
    if (e.kind.startsWith('roll_call.') || (e.visit_id && !e.kind.startsWith('session.'))) this.evacuation.ask()
    if (e.agent_id || e.kind.startsWith('agent.')) this.client.invalidateQueries({ queryKey: ['agents', this.site] })
    if (!e.visit_id) return
    if (e.kind.startsWith('session.')) {
      this.client.invalidateQueries({ queryKey: ['visit', e.visit_id] })
      return
    }
    this.visits.add(e.visit_id)
    this.timer ??= setTimeout(() => this.catchUp(), gatherFor)
  }

  /** Only the page that shows the visit has to read it again: in the lists nothing changed. */
  detail(visit: string): void {
    this.client.invalidateQueries({ queryKey: ['visit', visit] })
  }

  /** Reads everything shown again; false when that did not work. */
  async resync(): Promise<boolean> {
    this.client.setQueriesData<Pages>({ queryKey: ['visits'] }, (data) => data && shorten(data))
    const of = (key: readonly unknown[]) => key[0] !== 'me' && key[0] !== 'sites'
    await this.client.invalidateQueries({ predicate: (q) => of(q.queryKey) })
    const active = this.client.getQueryCache().findAll({ type: 'active', predicate: (q) => of(q.queryKey) })
    return active.every((q) => q.state.status !== 'error' && q.state.fetchFailureCount === 0)
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer)
    this.evacuation.stop()
  }

  private async catchUp(): Promise<void> {
    const ids = [...this.visits]
    this.visits.clear()
    this.timer = null
    if (ids.length > singlyMost) {
      await this.resync()
      return
    }
    for (const id of ids) {
      try {
        const detail = await this.client.fetchQuery({ ...visitQuery(id), staleTime: 0, retry: 1 })
        showVisit(this.client, detail.visit, detail)
      } catch {
        // Gone, or not ours to see any more.
        this.client.invalidateQueries({ queryKey: ['visits', this.site] })
      }
    }
  }
}
