import { useEffect, useState } from 'react'
import { createPortal, flushSync } from 'react-dom'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { seconds } from '../time.ts'
import { count } from './marks.ts'
import './paper.css'
import { marksMade } from './Person.tsx'
import type { Listed, RollCall } from './types.ts'
import { useSaying } from './useSaying.ts'

type Props = { people: readonly Listed[]; readAt: number; rollCall?: RollCall }

/** The list as it comes out of a printer, made when somebody prints, by whatever way. */
export function ListPaper(props: Props) {
  const [printedAt, setPrintedAt] = useState(0)
  useEffect(() => {
    // The printer does not wait for the next rendering.
    const before = () => flushSync(() => setPrintedAt(Date.now()))
    const after = () => setPrintedAt(0)
    window.addEventListener('beforeprint', before)
    window.addEventListener('afterprint', after)
    return () => {
      window.removeEventListener('beforeprint', before)
      window.removeEventListener('afterprint', after)
    }
  }, [])
  // Beside everything else, which paper.css keeps off the paper.
  return printedAt > 0 && createPortal(<Paper {...props} printedAt={printedAt} />, document.body)
}

function Paper({ people, readAt, rollCall, printedAt }: Props & { printedAt: number }) {
  const { t, language } = useText()
  const site = useSite()
  const say = useSaying()
  const at = (instant: string) => say.at(instant, printedAt)
  const stamp = (instant: number) =>
    `${new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { dateStyle: 'medium', timeZone: site.timezone }).format(instant)}, ${seconds(instant, site.timezone)}`
  const counts = count(people)
  return (
    <article className="paper" lang={language}>
      <table>
        <caption>
          <h1>
            {site.name}: {rollCall ? t(`web.evacuation.kind.${rollCall.kind}`) : t('web.evacuation.title')}
          </h1>
          <p>
            {t('web.evacuation.paper.asof', { at: stamp(readAt) })} {t.count('web.evacuation.people', people.length)}.{' '}
            {t('web.evacuation.note')}
          </p>
          {rollCall && (
            <p>
              {rollCall.ended_at
                ? `${t('web.evacuation.span', { from: at(rollCall.started_at), to: at(rollCall.ended_at) })}.`
                : t('web.evacuation.started', { at: at(rollCall.started_at) })}{' '}
              {t('web.evacuation.progress', { count: counts.accounted, people: counts.people })}.
            </p>
          )}
        </caption>
        <thead>
          <tr className="every">
            <th colSpan={5}>{t('web.evacuation.paper.printed', { site: site.name, at: stamp(printedAt) })}</th>
          </tr>
          <tr>
            <th className="number">{t('web.evacuation.paper.number')}</th>
            <th>{t('web.evacuation.paper.name')}</th>
            <th>{t('web.evacuation.paper.in')}</th>
            <th>{t('web.evacuation.paper.wifi')}</th>
            <th>{t('web.evacuation.paper.marks')}</th>
          </tr>
        </thead>
        <tbody>
          {people.map((p, i) => (
            <tr key={p.visit_id}>
              <td className="number">{i + 1}</td>
              <td>
                <strong>{nameOf(p)}</strong>
                <div>
                  {[p.visitor.company, p.host.name && t('web.evacuation.host', { host: p.host.name })].filter(Boolean).join(' · ')}
                </div>
              </td>
              <td>
                {p.overdue_since ? <b>{t('web.evacuation.overdue', { since: at(p.overdue_since) })}</b> : p.since && at(p.since)}
                {p.arrived && <div>{t('web.evacuation.arrived', { at: at(p.added_at) })}</div>}
                {p.left_at && <div>{t('web.evacuation.left', { at: at(p.left_at) })}</div>}
              </td>
              <td>{p.last_seen_at ? at(p.last_seen_at) : '–'}</td>
              <td>
                <span className="boxes">
                  {marksMade.map((mark) => (
                    <span key={mark} className="box" data-ticked={p.mark === mark || undefined}>
                      {t(`web.evacuation.mark.${mark}`)}
                    </span>
                  ))}
                </span>
                {p.mark === 'unclear' && <b>{t('web.evacuation.mark.unclear')}</b>}
                {p.marks.map((m) => (
                  <div key={m.mark_id}>{say.voice(m, printedAt)}</div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </article>
  )
}
