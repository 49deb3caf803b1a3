import { NativeSelect, PasswordInput, TextInput } from '@mantine/core'
import type { components } from '../api/schema.ts'
import page from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { networkFaults } from '../settings/site/faults.ts'
import { useSaveSite } from '../settings/site/useSaveSite.ts'
import { useText } from '../text/useText.tsx'
import { StepForm } from './StepForm.tsx'

type Network = components['schemas']['NetworkSetting']
const kinds = ['wpa_eap', 'wpa_psk', 'open_portal'] as const

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
      <div className={page.pair}>
        <TextInput
          label={t('web.site.network.ssid')}
          autoComplete="off"
          value={value.ssid}
          onChange={(e) => set({ ssid: e.currentTarget.value })}
          error={fault('ssid')}
        />
        <NativeSelect
          label={t('web.site.network.kind')}
          value={value.kind}
          onChange={(e) => set({ kind: e.currentTarget.value as Network['kind'] })}
          data={kinds.map((k) => ({ value: k, label: t(`web.site.network.${k}`) }))}
        />
      </div>
      {value.kind === 'wpa_psk' && (
        <PasswordInput
          label={t('web.site.network.psk')}
          autoComplete="off"
          value={value.psk ?? ''}
          onChange={(e) => set({ psk: e.currentTarget.value })}
          error={fault('psk')}
          visibilityToggleButtonProps={{ 'aria-label': t('web.site.network.psk.show'), tabIndex: 0 }}
        />
      )}
      {value.kind === 'open_portal' && (
        <TextInput
          label={t('web.site.network.portal')}
          description={t('web.site.network.portal.text')}
          type="url"
          value={value.portal_url ?? ''}
          onChange={(e) => set({ portal_url: e.currentTarget.value })}
          error={fault('portal_url')}
        />
      )}
    </StepForm>
  )
}
