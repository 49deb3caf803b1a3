import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { agentsQuery } from '../api/queries.ts'
import { Icon } from '../look/Icon.tsx'
import { Waiting } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { span } from '../time.ts'
import { useNow } from '../useNow.ts'
import { Command } from './Command.tsx'
import classes from './Network.module.css'

/** An agent that was just made, with the token that nobody can look up again. */
export type Made = { id: string; name: string; token: string; expiresAt: string }

/** How to start the agent. It takes a button to close, not a slip of the hand. */
export function Enrolment({ made, close }: { made: Made; close: () => void }) {
  const { t } = useText()
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title={t('web.enrol.title', { name: made.name })}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack gap="md">
        <HowToEnrol made={made} />
        <Group justify="flex-end">
          <Button onClick={close}>{t('web.done')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** The command, how long it is good, and whether the agent has come. */
export function HowToEnrol({ made }: { made: Made }) {
  const { t } = useText()
  const site = useSite()
  const now = useNow(1000)
  const { data = [] } = useQuery({ ...agentsQuery(site.id), refetchInterval: 2000 })
  const agent = data.find((a) => a.id === made.id)
  if (agent?.state === 'connected') {
    return (
      <p className={classes.come} role="status">
        <Icon name="done" />
        {t('web.enrol.done', { name: made.name })}
      </p>
    )
  }
  const left = span(Date.parse(made.expiresAt) - now)
  const over = left.hours + left.minutes + left.seconds === 0
  return (
    <>
      <Text>{t('web.enrol.text')}</Text>
      <Command label={t('web.enrol.command')} text={`FOYER_ENROLMENT_TOKEN=${made.token} foyer agent`} />
      <Text className="dimmed">{t('web.enrol.again')}</Text>
      {over ? (
        <Text role="alert">{t('web.enrol.over')}</Text>
      ) : (
        <>
          <Text className="dimmed">
            {t('web.enrol.left', { left: `${left.hours * 60 + left.minutes}:${String(left.seconds).padStart(2, '0')}` })}
          </Text>
          <Waiting>{t(agent?.enrolled_at ? 'web.enrol.connecting' : 'web.enrol.waiting', { name: made.name })}</Waiting>
        </>
      )}
    </>
  )
}
