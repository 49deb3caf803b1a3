import { Button, Checkbox } from '@mantine/core'
import { useState } from 'react'
import type { components } from '../../api/schema.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { Icon } from '../../look/Icon.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { FormDialog } from '../kit/Form.tsx'
import { Line, Lines, More } from '../kit/Lines.tsx'
import { Part } from '../kit/Page.tsx'
import { useForm } from '../kit/useForm.ts'
import { networkFaults } from './faults.ts'
import { NetworkFields } from './NetworkFields.tsx'
import { useSaveSite } from './useSaveSite.ts'

type Network = components['schemas']['NetworkSetting']

/** The WiFi networks that visitors are told of. */
export function Networks() {
  const { t } = useText()
  const site = useSite()
  const save = useSaveSite()
  const [open, setOpen] = useState<number | null>(null)
  const [removing, setRemoving] = useState<Network | null>(null)
  const list = site.networks
  return (
    <Part
      title={t('web.site.networks')}
      text={t('web.site.networks.text')}
      action={
        <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen(list.length)}>
          {t('web.site.network.add')}
        </Button>
      }
    >
      <Lines query={{ data: list, error: null, refetch: () => {} }} empty={t('web.site.networks.none')}>
        {(n) => (
          <Line
            key={n.ssid}
            icon="network"
            title={n.ssid}
            note={t(`web.site.network.${n.kind}`)}
            side={n.hidden ? t('web.site.network.hidden') : undefined}
          >
            <More
              name={n.ssid}
              items={[
                { label: t('web.settings.change'), run: () => setOpen(list.indexOf(n)) },
                {
                  label: t('web.settings.remove'),
                  bad: true,
                  run: () => setRemoving(n),
                },
              ]}
            />
          </Line>
        )}
      </Lines>
      {open !== null && <NetworkDialog at={open} close={() => setOpen(null)} />}
      {removing && (
        <Confirm
          title={t('web.site.network.remove.ask', { ssid: removing.ssid })}
          action={t('web.settings.remove')}
          waiting={t('web.waiting')}
          danger
          close={() => setRemoving(null)}
          act={async () => {
            await save({ networks: list.filter((other) => other.ssid !== removing.ssid) })
            setRemoving(null)
          }}
        >
          {t('web.site.network.remove.text')}
        </Confirm>
      )}
    </Part>
  )
}

function NetworkDialog({ at, close }: { at: number; close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const save = useSaveSite()
  const had = site.networks[at]
  const put = (n: Network) => [...site.networks.slice(0, at), n, ...site.networks.slice(at + 1)]
  const blank: Network = { ssid: '', kind: 'wpa_eap', portal_url: '', psk: '', hidden: false }
  const form = useForm<Network>(
    { ...blank, ...had },
    async (n) => {
      const network = {
        ssid: n.ssid,
        kind: n.kind,
        hidden: n.hidden,
        ...(n.kind === 'open_portal' && n.portal_url ? { portal_url: n.portal_url.trim() } : {}),
        ...(n.kind === 'wpa_psk' && n.psk ? { psk: n.psk } : {}),
      }
      await save({ networks: put(network) })
      close()
    },
    (n) => networkFaults(put(n), site.networks, t),
  )
  const { value, set } = form
  const fault = (name: string) => form.fault(`networks[${at}].${name}`) ?? form.fault(`networks.${name}`)
  return (
    <FormDialog
      title={had ? t('web.site.network.change', { ssid: had.ssid }) : t('web.site.network.add')}
      form={form}
      shown={['networks']}
      close={close}
    >
      <NetworkFields value={value} set={set} fault={fault} focused kept={had?.kind === 'wpa_psk'} />
      <Checkbox
        label={t('web.site.network.hide')}
        checked={value.hidden ?? false}
        onChange={(e) => set({ hidden: e.currentTarget.checked })}
      />
    </FormDialog>
  )
}
