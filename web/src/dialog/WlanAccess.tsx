import { Button, Group, Menu, Modal, Select, Stack, Text } from '@mantine/core'
import { useCallback, useState } from 'react'
import type { CheckedIn, Joining, Visit, Voucher } from '../api/types.ts'
import { Icon } from '../look/Icon.tsx'
import { Secret } from '../look/Secret.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { QRCode } from '../slip/QRCode.tsx'
import { type Paper, Slips } from '../slip/Slip.tsx'
import { howTo, wifiText } from '../slip/wifi.ts'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useMe } from '../useMe.ts'
import { Pending } from './Pending.tsx'
import { useChanges } from './useChanges.ts'
import classes from './WlanAccess.module.css'

type Props = {
  visit: Visit
  voucher: Voucher
  network?: CheckedIn['network']
  networks?: readonly Joining[]
  reason: 'new' | 'again'
  close: () => void
}

/** Credentials, for handing over. They live as long as this is open. */
export function WlanAccess({ visit, voucher, network, networks = [], reason, close }: Props) {
  const { t, language } = useText()
  const site = useSite()
  const [paper, setPaper] = useState<Paper | null>(null)
  const printed = useCallback(() => setPaper(null), [])
  const [chosen, setChosen] = useState(0)
  const joined = networks[chosen]
  const until = near(voucher.valid_until, Date.now(), site.timezone, language)
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t('web.access.title')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <Stack gap="md">
        <Text>{t(reason === 'new' ? 'web.access.in' : 'web.access.again', { name: nameOf(visit), until })}</Text>
        {network === 'pending' && <Pending />}
        <div className={classes.sheet}>
          <Stack gap="sm">
            <WhichNetwork networks={networks} chosen={chosen} choose={setChosen} />
            <Secret label={t('web.access.username')} value={voucher.username} />
            {voucher.password ? (
              <Secret label={t('web.access.password')} value={voucher.password} grouped />
            ) : (
              <Text c="dimmed">{t('web.access.nopassword')}</Text>
            )}
          </Stack>
          {joined && <HowToJoin network={joined} />}
        </div>
        <Group justify="flex-end" gap="sm">
          <Send visit={visit} />
          <Menu>
            <Menu.Target>
              <Button variant="default" leftSection={<Icon name="print" size={18} />} disabled={!voucher.password}>
                {t('web.slip.print')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setPaper('80mm')}>{t('web.slip.80mm')}</Menu.Item>
              <Menu.Item onClick={() => setPaper('a6')}>{t('web.slip.a6')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <Button data-autofocus onClick={close}>
            {t('web.done')}
          </Button>
        </Group>
      </Stack>
      {paper && <Slips paper={paper} handed={[{ visit, voucher }]} networks={joined ? [joined] : []} done={printed} />}
    </Modal>
  )
}

/** Mails the credentials, to visitors who left an address. */
function Send({ visit }: { visit: Visit }) {
  const { t } = useText()
  const { can } = useMe()
  const { sendAccess, quietly } = useChanges()
  const [busy, setBusy] = useState(false)
  if (!visit.visitor.email || !can('vouchers.reveal')) return null
  const send = async () => {
    setBusy(true)
    await quietly(sendAccess(visit))
    setBusy(false)
  }
  return (
    <Button variant="default" loading={busy} leftSection={<Icon name="mail" size={18} />} onClick={send}>
      {t('web.access.send')}
    </Button>
  )
}

function WhichNetwork(props: { networks: readonly Joining[]; chosen: number; choose: (i: number) => void }) {
  const { t } = useText()
  const { networks, chosen, choose } = props
  if (networks.length > 1) {
    return (
      <Select
        label={t('web.access.network')}
        data={networks.map((n, i) => ({ value: String(i), label: n.ssid }))}
        value={String(chosen)}
        onChange={(value) => choose(Number(value))}
        allowDeselect={false}
      />
    )
  }
  return (
    <div>
      <Text size="sm" c="dimmed">
        {t('web.access.network')}
      </Text>
      <Text fz="1.25rem" fw={600}>
        {networks[0]?.ssid ?? t('web.access.nonetwork')}
      </Text>
    </div>
  )
}

/** How a phone gets into the network, and the code that spares the typing. */
function HowToJoin({ network }: { network: Joining }) {
  const { t } = useText()
  const code = wifiText(network)
  return (
    <div className={classes.joining}>
      {code && (
        <div className={classes.code}>
          <QRCode text={code} label={t('web.access.qr', { network: network.ssid })} />
        </div>
      )}
      <Text size="sm">{t(howTo(network))}</Text>
      {network.passphrase && (
        <Text size="sm">
          {t('web.access.passphrase')} <code>{network.passphrase}</code>
        </Text>
      )}
      {network.portal_url && (
        <Text size="sm" c="dimmed" className={classes.link}>
          {t('web.access.portal', { url: network.portal_url })}
        </Text>
      )}
    </div>
  )
}
