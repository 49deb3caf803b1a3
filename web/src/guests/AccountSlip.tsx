import { useEffect } from 'react'
import { createPortal } from 'react-dom'
import { Groups } from '../look/Secret.tsx'
import { useSite } from '../site.tsx'
import '../slip/slip.css'
import { useText } from '../text/useText.tsx'
import { clock } from '../time.ts'
import type { Account } from './queries.ts'
import { accountName } from './states.ts'
import { useDates } from './useDates.ts'

type Props = { account: Account; password: string; done: () => void }

/** What a guest takes along, for a receipt printer; seen by printers only. It prints itself once. */
export function AccountSlip({ account: a, password, done }: Props) {
  const { t } = useText()
  const site = useSite()
  const { last } = useDates()
  useEffect(() => {
    window.addEventListener('afterprint', done)
    // The next frame has it laid out.
    const frame = requestAnimationFrame(() => window.print())
    return () => {
      cancelAnimationFrame(frame)
      window.removeEventListener('afterprint', done)
    }
  }, [done])
  const networks = site.networks?.map((n) => n.ssid).join(', ')
  // Beside everything else, which slip.css keeps off the paper.
  return createPortal(
    <article className="slip" data-paper="80mm">
      <h1>{site.name}</h1>
      <p>{accountName(a)}</p>
      <dl>
        {networks && (
          <>
            <dt>{t('web.access.network')}</dt>
            <dd className="big">{networks}</dd>
          </>
        )}
        <dt>{t('web.guests.field.login')}</dt>
        <dd className="code">{a.login}</dd>
        <dt>{t('web.guests.password')}</dt>
        <dd className="code">
          <Groups value={password} />
        </dd>
        <dt>{t('web.access.until')}</dt>
        <dd className="big">{last(a.ends_at)}</dd>
      </dl>
      <p>{t('web.guests.slip.text')}</p>
      <footer>{t('web.slip.printed', { when: clock(Date.now(), site.timezone), site: site.name })}</footer>
    </article>,
    document.body,
  )
}
