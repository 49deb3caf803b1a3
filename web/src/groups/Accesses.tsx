import { Alert, Button, Group, Menu, Modal, Select, Stack, Text } from '@mantine/core'
import { useCallback, useState } from 'react'
import type { Joining } from '../api/types.ts'
import { usePhone } from '../board/usePhone.ts'
import { Icon } from '../look/Icon.tsx'
import { Groups } from '../look/Secret.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { type Handed, type Paper, Slips } from '../slip/Slip.tsx'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import classes from './Groups.module.css'
import type { Access } from './useCheckInMany.ts'

type Props = { rows: readonly Access[]; networks: readonly Joining[]; close: () => void }

/** Everybody's credentials, for handing over. They live as long as this is open. */
export function Accesses({ rows, networks, close }: Props) {
  const { t } = useText()
  const phone = usePhone()
  const [paper, setPaper] = useState<Paper | null>(null)
  const [chosen, setChosen] = useState(0)
  const printed = useCallback(() => setPaper(null), [])
  const handed = rows.flatMap((r): Handed[] =>
    r.visit && r.voucher?.password ? [{ visit: r.visit, voucher: r.voucher }] : [],
  )
  const refused = rows.filter((r) => r.refused).length
  const network = networks[chosen]
  return (
    <Modal
      opened
      onClose={close}
      size={860}
      fullScreen={phone}
      title={t('web.access.title')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <Stack gap="md">
        <Text>{t.count('web.many.ready', handed.length)}</Text>
        {refused > 0 && (
          <Alert color="red" role="alert">
            {t.count('web.many.refused', refused)}
          </Alert>
        )}
        {rows.some((r) => r.pending) && (
          <Alert color="blue" title={t('web.access.pending')}>
            {t('web.access.pending.text')}
          </Alert>
        )}
        {networks.length > 1 ? (
          <Select
            label={t('web.access.network')}
            data={networks.map((n, i) => ({ value: String(i), label: n.ssid }))}
            value={String(chosen)}
            onChange={(value) => setChosen(Number(value))}
            allowDeselect={false}
          />
        ) : (
          network && (
            <Text>
              {t('web.access.network')} <strong>{network.ssid}</strong>
            </Text>
          )
        )}
        <Table rows={rows} />
        <Group justify="flex-end" gap="sm">
          <Menu>
            <Menu.Target>
              <Button
                variant="default"
                leftSection={<Icon name="print" size={18} />}
                disabled={handed.length === 0}
              >
                {t.count('web.many.print', handed.length)}
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
      {paper && <Slips paper={paper} handed={handed} networks={network ? [network] : []} done={printed} />}
    </Modal>
  )
}

function Table({ rows }: { rows: readonly Access[] }) {
  const { t, language } = useText()
  const site = useSite()
  return (
    // Long lists scroll in here, by keyboard too.
    <div className={classes.tablebox} tabIndex={0} role="region" aria-label={t('web.access.title')}>
      <table className={classes.accesses}>
        <thead>
          <tr>
            <th scope="col">{t('web.many.visitor')}</th>
            <th scope="col">{t('web.access.username')}</th>
            <th scope="col">{t('web.access.password')}</th>
            <th scope="col" className={classes.until}>
              {t('web.access.until')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.id} data-bad={r.refused ? true : undefined}>
              <th scope="row">{r.visit ? nameOf(r.visit) : '–'}</th>
              {r.voucher ? (
                <>
                  <td>
                    <code>{r.voucher.username}</code>
                  </td>
                  <td>
                    <code className={classes.password}>
                      {r.voucher.password ? <Groups value={r.voucher.password} /> : '–'}
                    </code>
                  </td>
                  <td className={classes.until}>{near(r.voucher.valid_until, Date.now(), site.timezone, language)}</td>
                </>
              ) : (
                <td colSpan={3} className={classes.bad}>
                  {r.refused}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
