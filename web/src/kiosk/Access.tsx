import { useState } from 'react'
import type { Joining } from '../api/types.ts'
import { Groups } from '../look/Secret.tsx'
import { QRCode } from '../slip/QRCode.tsx'
import { wifiText } from '../slip/wifi.ts'
import { near } from '../time.ts'
import type { CheckedIn } from './desk.ts'
import classes from './Kiosk.module.css'
import { Question } from './parts.tsx'
import type { Language, Words } from './words.ts'

type Props = { say: Words; language: Language; zone: string; answer: CheckedIn }

/** Credentials, large, for as long as the screen stands. */
export function Access({ say, language, zone, answer }: Props) {
  const { voucher, networks, first_name: name, network: state } = answer
  const [chosen, setChosen] = useState(0)
  const network = networks[chosen]
  const until = near(voucher.valid_until, Date.now(), zone, language)
  return (
    <Question
      wide
      title={name ? say('kiosk.in.hello', { name }) : say('kiosk.in.title')}
      text={name ? say('kiosk.in.title') : undefined}
    >
      {networks.length > 1 && (
        <div className={classes.tabs} role="group" aria-label={say('kiosk.in.network')}>
          {networks.map((n, i) => (
            <button key={n.ssid} type="button" aria-pressed={i === chosen} onClick={() => setChosen(i)}>
              {n.ssid}
            </button>
          ))}
        </div>
      )}
      <div className={classes.sheet}>
        <dl className={classes.facts}>
          <div>
            <dt>{say('kiosk.in.network')}</dt>
            <dd className={classes.network}>{network?.ssid ?? say('kiosk.in.nonetwork')}</dd>
          </div>
          <Fact label={say('kiosk.in.username')} value={voucher.username} />
          {voucher.password && <Fact label={say('kiosk.in.password')} value={voucher.password} grouped />}
          {network?.passphrase && <Fact label={say('kiosk.in.passphrase')} value={network.passphrase} />}
          <div>
            <dd>{say('kiosk.in.until', { time: until })}</dd>
          </div>
        </dl>
        {network && <Joins say={say} network={network} />}
      </div>
      {state === 'pending' && <p className={classes.note}>{say('kiosk.in.pending')}</p>}
    </Question>
  )
}

function Fact({ label, value, grouped }: { label: string; value: string; grouped?: boolean }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className={classes.secret}>{grouped ? <Groups value={value} /> : value}</dd>
    </div>
  )
}

function Joins({ say, network }: { say: Words; network: Joining }) {
  const code = wifiText(network)
  return (
    <div className={classes.joins}>
      {code && <QRCode text={code} label={say('kiosk.in.qr', { network: network.ssid })} />}
      <p>{say(`kiosk.in.join.${network.kind}`)}</p>
      {network.portal_url && <p className={classes.link}>{say('kiosk.in.portal', { url: network.portal_url })}</p>}
    </div>
  )
}
