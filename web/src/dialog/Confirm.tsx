import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useText } from '../text/useText.tsx'
import { useAct } from './useAct.ts'

type Props = {
  title: string
  children: ReactNode
  /** What the button that does it says. */
  action: string
  /** What is awaited meanwhile. */
  waiting: string
  danger?: boolean
  /** Buttons for who is outdoors, in a hurry. */
  large?: boolean
  /** What the other button says, where “Cancel” could be taken for the deed. */
  dismiss?: string
  act: () => Promise<void>
  close: () => void
}

/** Asks before something that others notice. Enter does it, Escape does not. */
export function Confirm({ title, children, action, waiting, danger, large, dismiss, act, close }: Props) {
  const { t } = useText()
  const { busy, error, run } = useAct()
  const explain = useProblemText()
  const size = large ? 'lg' : undefined
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': t('web.close') }}>
      <Stack gap="md">
        <Text component="div">{children}</Text>
        {error !== null && (
          <Alert color="red" role="alert">
            {explain(error)}
          </Alert>
        )}
        {busy && <Waiting>{waiting}</Waiting>}
        <Group justify="flex-end" gap="sm">
          <Button size={size} variant="default" onClick={close}>
            {dismiss ?? t('web.cancel')}
          </Button>
          <Button size={size} data-autofocus color={danger ? 'red.9' : undefined} loading={busy} onClick={() => run(act)}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
