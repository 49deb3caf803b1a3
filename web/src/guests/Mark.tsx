import { Icon } from '../look/Icon.tsx'
import { useText } from '../text/useText.tsx'
import { traffic } from '../visit/traffic.ts'
import classes from './Guests.module.css'
import type { Account, Authentication } from './queries.ts'
import { contacts, lifecycles, type Tone } from './states.ts'

type Props = { tone: Tone; icon: Parameters<typeof Icon>[0]['name']; label: string; plain?: boolean }

/** A state: an icon and a word, and a colour beside them. */
export function Mark({ tone, icon, label, plain }: Props) {
  return (
    <span className={classes.mark} data-tone={tone} data-plain={plain || undefined}>
      <Icon name={icon} size={15} />
      <span>{label}</span>
    </span>
  )
}

export function LifecycleMark({ account: a }: { account: Account }) {
  const { t } = useText()
  return <Mark {...lifecycles[a.lifecycle]} label={t(`web.guests.lifecycle.${a.lifecycle}`)} />
}

/** Whether the address can be one; nothing is said of a login that is none. */
export function ContactMark({ account: a }: { account: Account }) {
  const { t } = useText()
  if (a.login_kind === 'name' && !a.visitor.email) return null
  return <Mark plain {...contacts[a.contact_status]} label={t(`web.guests.contact.${a.contact_status}`)} />
}

/** Whether the network says that the device is there, and its traffic; nothing where the network does not say. */
export function OnlineMark({ authentication: a }: { authentication: Authentication }) {
  const { t, language } = useText()
  if (a.online === undefined) return null
  const octets = a.input_octets + a.output_octets
  const said = t(a.online ? 'web.guests.online' : 'web.guests.online.not')
  const label = octets > 0 ? `${said} · ${traffic(octets, language)}` : said
  return <Mark plain tone={a.online ? 'good' : 'muted'} icon={a.online ? 'live' : 'absent'} label={label} />
}

/** Green while the authentication is good, grey from then on; in words too. */
export function GreenMark({ authentication: a }: { authentication: Authentication }) {
  const { t } = useText()
  return (
    <span className={classes.dot} data-green={a.green || undefined}>
      {t(a.green ? 'web.guests.green' : 'web.guests.grey')}
    </span>
  )
}
