import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Secret } from '../../look/Secret.tsx'
import { useText } from '../../text/useText.tsx'

type Props = { title: string; label: string; value: string; text: string; close: () => void; children?: ReactNode }

/** A secret that nobody can look up again. It takes a button to close, not a slip of the hand. */
export function Once({ title, label, value, text, close, children }: Props) {
  const { t } = useText()
  return (
    <Modal opened onClose={close} title={title} size="lg" closeOnClickOutside={false} withCloseButton={false}>
      <Stack gap="md">
        <Text>{text}</Text>
        <Secret label={label} value={value} />
        {children}
        <Group justify="flex-end">
          <Button onClick={close}>{t('web.done')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
