import { NativeSelect, PasswordInput, TextInput } from '@mantine/core'
import type { components } from '../../api/schema.ts'
import { useText } from '../../text/useText.tsx'
import classes from '../kit/Page.module.css'

type Network = components['schemas']['NetworkSetting']
const kinds = ['wpa_eap', 'wpa_psk', 'open_portal'] as const

/** What there is to say of a WiFi network. */
export function NetworkFields(props: {
  value: Network
  set: (change: Partial<Network>) => void
  fault: (name: string) => string | undefined
  focused?: boolean
  /** It has a passphrase, which stays unless another is typed. */
  kept?: boolean
}) {
  const { t } = useText()
  const { value, set, fault } = props
  return (
    <>
      <div className={classes.pair}>
        <TextInput
          label={t('web.site.network.ssid')}
          data-autofocus={props.focused}
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
          description={props.kept ? t('web.site.network.psk.kept') : undefined}
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
    </>
  )
}
