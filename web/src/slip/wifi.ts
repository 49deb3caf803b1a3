import type { Joining } from '../api/types.ts'
import type { Key } from '../text/text.ts'

/** Marks what has a meaning in a WIFI: text, as phones expect it. */
const escaped = (text: string) => text.replace(/([\\;,":])/g, '\\$1')

/**
 * What a phone's camera joins a network by. An open network needs its name alone
 * (who logs in is asked by the portal); one with a passphrase needs that; for one
 * where each guest has a user name there is no such text. A voucher's password is
 * no passphrase and is never put here.
 */
export function wifiText(network: Joining): string | null {
  const name = `S:${escaped(network.ssid)};`
  const hidden = network.hidden ? 'H:true;' : ''
  switch (network.kind) {
    case 'open_portal':
      return `WIFI:T:nopass;${name}${hidden};`
    case 'wpa_psk':
      return network.passphrase ? `WIFI:T:WPA;${name}P:${escaped(network.passphrase)};${hidden};` : null
    case 'wpa_eap':
      return null
  }
}

/** The words beside the code, or instead of it. */
export const howTo = (network: Joining): Key =>
  network.kind === 'wpa_psk' && !network.passphrase ? 'web.access.how.wpa_psk.typed' : `web.access.how.${network.kind}`
