import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useCallback, useState } from 'react'
import { Icon } from '../look/Icon.tsx'
import { Secret } from '../look/Secret.tsx'
import { useText } from '../text/useText.tsx'
import { AccountSlip } from './AccountSlip.tsx'
import type { Account } from './queries.ts'
import { accountName } from './states.ts'
import { useDates } from './useDates.ts'

/** An account and its new password, which nobody can look up again. */
export type Made = { account: Account; password?: string | null }

export function MadeAccount({ made: { account, password }, close }: { made: Made; close: () => void }) {
  const { t } = useText()
  const { last } = useDates()
  const [printing, setPrinting] = useState(false)
  const printed = useCallback(() => setPrinting(false), [])
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t('web.guests.account.made', { name: accountName(account) })}
      closeOnClickOutside={false}
      withCloseButton={false}
    >
      <Stack gap="md">
        <Text>{t('web.guests.account.once', { until: last(account.ends_at) })}</Text>
        <Secret label={t('web.guests.field.login')} value={account.login} />
        {password && <Secret label={t('web.guests.password')} value={password} grouped />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" leftSection={<Icon name="print" size={18} />} onClick={() => setPrinting(true)}>
            {t('web.guests.slip')}
          </Button>
          <Button data-autofocus onClick={close}>
            {t('web.done')}
          </Button>
        </Group>
      </Stack>
      {printing && password && <AccountSlip account={account} password={password} done={printed} />}
    </Modal>
  )
}
