import { useEffect } from 'react'
import { createPortal } from 'react-dom'
import type { Joining, Visit, Voucher } from '../api/types.ts'
import { Groups } from '../look/Secret.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { clock, near } from '../time.ts'
import { QRCode } from './QRCode.tsx'
import './slip.css'
import { howTo, wifiText } from './wifi.ts'

export type Paper = '80mm' | 'a6'

/** Whose slip, and what is on it. */
export type Handed = { visit: Visit; voucher: Voucher }

type Props = { paper: Paper; handed: readonly Handed[]; networks: readonly Joining[]; done: () => void }

/** What visitors take along, a sheet each; seen by printers only. They print themselves once. */
export function Slips({ paper, handed, networks, done }: Props) {
  useEffect(() => {
    window.addEventListener('afterprint', done)
    // The next frame has it laid out.
    const frame = requestAnimationFrame(() => window.print())
    return () => {
      cancelAnimationFrame(frame)
      window.removeEventListener('afterprint', done)
    }
  }, [done])
  // Beside everything else, which slip.css keeps off the paper.
  return createPortal(
    handed.map((h) => <Slip key={h.visit.id} paper={paper} networks={networks} {...h} />),
    document.body,
  )
}

function Slip({ paper, visit, voucher, networks }: Handed & Pick<Props, 'paper' | 'networks'>) {
  const { t, language } = useText()
  const site = useSite()
  const now = Date.now()
  const network = networks[0]
  const code = network && wifiText(network)
  return (
    <article className="slip" data-paper={paper}>
      <h1>{site.name}</h1>
      <p>{nameOf(visit)}</p>
      <dl>
        {network && (
          <>
            <dt>{t('web.access.network')}</dt>
            <dd className="big">{networks.map((n) => n.ssid).join(', ')}</dd>
          </>
        )}
        {network?.passphrase && (
          <>
            <dt>{t('web.access.passphrase')}</dt>
            <dd className="code">{network.passphrase}</dd>
          </>
        )}
        <dt>{t('web.access.username')}</dt>
        <dd className="code">{voucher.username}</dd>
        <dt>{t('web.access.password')}</dt>
        <dd className="code">{voucher.password && <Groups value={voucher.password} />}</dd>
        <dt>{t('web.access.until')}</dt>
        <dd className="big">{near(voucher.valid_until, now, site.timezone, language)}</dd>
      </dl>
      {network && <p>{t(howTo(network))}</p>}
      {network?.portal_url && <p className="link">{t('web.access.portal', { url: network.portal_url })}</p>}
      {code && <QRCode text={code} label="" />}
      <footer>{t('web.slip.printed', { when: clock(now, site.timezone), site: site.name })}</footer>
    </article>
  )
}
