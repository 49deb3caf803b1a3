import type { components } from '../api/schema.ts'
import { useForm } from '../settings/kit/useForm.ts'
import { networkFaults } from '../settings/site/faults.ts'
import { NetworkFields } from '../settings/site/NetworkFields.tsx'
import { useSaveSite } from '../settings/site/useSaveSite.ts'
import { useText } from '../text/useText.tsx'
import { StepForm } from './StepForm.tsx'

type Network = components['schemas']['NetworkSetting']

/** The WiFi network that visitors are told of. */
export function NetworkStep() {
  const { t } = useText()
  const save = useSaveSite()
  const form = useForm<Network>(
    { ssid: '', kind: 'open_portal', portal_url: '', psk: '' },
    ({ ssid, kind, portal_url, psk }) => {
      const more = kind === 'wpa_psk' ? { psk } : kind === 'open_portal' && portal_url ? { portal_url } : {}
      return save({ networks: [{ ssid, kind, ...more }] })
    },
    (n) => networkFaults([n], [], t),
  )
  const { value, set } = form
  const fault = (name: string) => form.fault(`networks[0].${name}`) ?? form.fault(`networks.${name}`)
  return (
    <StepForm form={form} shown={['networks']} action={t('web.setup.network.make')}>
      <NetworkFields value={value} set={set} fault={fault} />
    </StepForm>
  )
}
