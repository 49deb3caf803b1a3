import { type ReactNode, useEffect } from 'react'
import { createPortal } from 'react-dom'
import { QRCode } from '../slip/QRCode.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { clock, day } from '../time.ts'
import './sheets.css'
import type { Printed } from './queries.ts'
import { useSpan } from './useSpan.ts'

export type Paper = 'grid' | 'receipt'

type Props = { paper: Paper; printed: Printed; how: string; done: () => void }

const across = 3

/** Codes to cut out, or one a receipt; seen by printers only. They print themselves once. */
export function Sheets({ paper, printed, how, done }: Props) {
  useEffect(() => {
    window.addEventListener('afterprint', done)
    // The next frame has it laid out.
    const frame = requestAnimationFrame(() => window.print())
    return () => {
      cancelAnimationFrame(frame)
      window.removeEventListener('afterprint', done)
    }
  }, [done])
  // Beside everything else, which sheets.css keeps off the paper.
  return createPortal(
    paper === 'grid' ? (
      <Grid printed={printed} how={how} />
    ) : (
      <article className="codes" data-paper="receipt">
        {printed.codes.map((c) => (
          <Ticket key={c.ticket} printed={printed} code={c} how={how}>
            <Stamp printed={printed} />
          </Ticket>
        ))}
      </article>
    ),
    document.body,
  )
}

function Grid({ printed, how }: Pick<Props, 'printed' | 'how'>) {
  const { codes } = printed
  const rows = Array.from({ length: Math.ceil(codes.length / across) }, (_, i) => codes.slice(i * across, (i + 1) * across))
  return (
    <article className="codes" data-paper="grid">
      <table>
        <thead>
          <tr>
            <td colSpan={across}>
              <Stamp printed={printed} />
            </td>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row[0]?.ticket}>
              {row.map((c) => (
                <td key={c.ticket}>
                  <Ticket printed={printed} code={c} how={how} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </article>
  )
}

/** What and when, for whoever finds the sheet. */
function Stamp({ printed: { zone, roll, printed_at: at } }: Pick<Props, 'printed'>) {
  const { t, language } = useText()
  const site = useSite()
  return t('web.paper.stamp', {
    site: site.name,
    zone: zone.name,
    number: roll.number,
    at: `${day(at, site.timezone, language)}, ${clock(at, site.timezone)}`,
  })
}

type TicketProps = Pick<Props, 'printed' | 'how'> & { code: Printed['codes'][number]; children?: ReactNode }

function Ticket({ printed, code, how, children }: TicketProps) {
  const { t } = useText()
  const site = useSite()
  const span = useSpan()
  const { zone, roll } = printed
  return (
    <section className="ticket">
      <h2>{site.name}</h2>
      <p className="code">{code.code}</p>
      <div className="beside">
        <QRCode text={portalOf(zone.id, code.code)} label="" />
        <div>
          <p className="time">{t('web.paper.time', { time: span.whole(roll.seconds) })}</p>
          <p>{how}</p>
          <p className="number">{t('web.paper.number', { zone: zone.name, number: roll.number, ticket: code.ticket })}</p>
        </div>
      </div>
      {children && <p className="number">{children}</p>}
    </section>
  )
}

/** Where a guest's camera leads: the zone's portal page, with the code filled in. */
const portalOf = (zone: string, code: string) => `${location.origin}/portal/${zone}?voucher=${encodeURIComponent(code)}`
