import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import { api } from '../api/client.ts'
import type { Tab, Visit } from '../api/types.ts'
import { useDialogOpen } from '../dialog/Dialogs.tsx'
import { conditionOf } from '../look/Badge.tsx'
import { useProblemText } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { clock, day } from '../time.ts'
import { useHeading } from './heading.ts'
import './print.css'
import { sections } from './sections.ts'
import { useWhen } from './when.ts'

const pageSize = 200
/** Nobody reads a longer list on paper, and browsers fail at it. */
const rowsMost = 10_000

async function readAll(site: string, tab: Tab, q: string, read: (done: number) => void): Promise<Visit[]> {
  const all: Visit[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined && all.length < rowsMost; ) {
    const query = { site_id: site, tab, q, cursor, limit: pageSize }
    const page: { items: Visit[]; next?: string } = await api.get('/api/v1/visits', { query })
    all.push(...page.items)
    cursor = page.next
    read(all.length)
  }
  return all
}

/** Prints all of a tab, which the screen holds a part of. Also at the browser's own key. */
export function usePrint(tab: Tab, q: string): { run: () => void; reading: number; sheet: ReactNode } {
  const site = useSite()
  const toast = useToast()
  const explain = useProblemText()
  const covered = useDialogOpen()
  const [reading, setReading] = useState(0)
  const [visits, setVisits] = useState<Visit[] | null>(null)
  const busy = useRef(false)
  const run = useCallback(async () => {
    if (busy.current) return
    busy.current = true
    try {
      setVisits(await readAll(site.id, tab, q, setReading))
    } catch (error) {
      toast({ text: explain(error), bad: true })
    } finally {
      busy.current = false
      setReading(0)
    }
  }, [site.id, tab, q, toast, explain])
  const done = useCallback(() => setVisits(null), [])
  useEffect(() => {
    const pressed = (e: KeyboardEvent) => {
      if (e.key !== 'p' || !(e.ctrlKey || e.metaKey) || e.shiftKey || e.altKey || covered) return
      e.preventDefault()
      run()
    }
    document.addEventListener('keydown', pressed)
    return () => document.removeEventListener('keydown', pressed)
  }, [run, covered])
  return { run, reading, sheet: visits && <Sheet tab={tab} q={q} visits={visits} done={done} /> }
}

/** The tab on paper. */
function Sheet({ tab, q, visits, done }: { tab: Tab; q: string; visits: readonly Visit[]; done: () => void }) {
  const { t, language } = useText()
  const site = useSite()
  const [now] = useState(Date.now)
  const when = useWhen(tab, now)
  const heading = useHeading(now)
  useEffect(() => {
    window.addEventListener('afterprint', done)
    const frame = requestAnimationFrame(() => window.print())
    return () => {
      cancelAnimationFrame(frame)
      window.removeEventListener('afterprint', done)
    }
  }, [done])
  return createPortal(
    <article className="sheet">
      <table>
        <thead>
          <tr>
            <td colSpan={5}>
              <strong>{site.name}</strong> · {t(`web.tab.${tab}`)}
              {q && ` · ${t('web.print.search', { query: q })}`} ·{' '}
              {t('web.print.at', { day: day(now, site.timezone, language), at: clock(now, site.timezone) })}
            </td>
          </tr>
          <tr>
            <th scope="col">{t('web.many.visitor')}</th>
            <th scope="col">{t('web.form.company')}</th>
            <th scope="col">{t('web.column.host')}</th>
            <th scope="col">{t('web.form.when')}</th>
            <th scope="col">{t('web.print.state')}</th>
          </tr>
        </thead>
        {sections(visits, tab, now, site.timezone).map((s) => (
          <tbody key={s.key}>
            <tr>
              <th colSpan={5} scope="rowgroup">
                {heading(s.key)} {s.visits.length}
              </th>
            </tr>
            {s.visits.map((v) => (
              <tr key={v.id}>
                <td>{nameOf(v)}</td>
                <td>{v.visitor.company}</td>
                <td>{v.host.name || v.host.email}</td>
                <td>{when(v)}</td>
                <td>{t(`web.badge.${conditionOf(v)}`)}</td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
      {visits.length === 0 && <p>{t(`web.empty.${tab}`)}</p>}
      {visits.length >= rowsMost && <p>{t('web.print.cut', { count: rowsMost })}</p>}
    </article>,
    document.body,
  )
}
