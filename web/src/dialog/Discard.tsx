import { Button, Group, Modal, Text } from '@mantine/core'
import { useText } from '../text/useText.tsx'

/** Asks before what somebody has typed is thrown away. */
export function Discard({ stay, leave }: { stay: () => void; leave: () => void }) {
  const { t } = useText()
  return (
    <Modal
      opened
      onClose={stay}
      title={t('web.settings.unsaved')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <Text>{t('web.settings.unsaved.text')}</Text>
      <Group justify="flex-end" gap="sm" mt="md">
        <Button variant="default" onClick={leave}>
          {t('web.settings.leave')}
        </Button>
        <Button data-autofocus onClick={stay}>
          {t('web.settings.stay')}
        </Button>
      </Group>
    </Modal>
  )
}
