import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { fromField, toField } from '../time.ts'
import { useNow } from '../useNow.ts'
import { departureFault } from './form.ts'
import { useAct } from './useAct.ts'
import { ZoneNote } from './ZoneNote.tsx'

const steps = [30, 60, 120]

type Props = {
  title: string
  children?: ReactNode
  action: string
  /** What is awaited meanwhile. */
  waiting: string
  /** When the stay began. */
  from: string
  /** What the field holds at first, as a datetime-local field does. */
  first: string
  /** What the steps are added to, in milliseconds. */
  base: number
  act: (until: string) => Promise<void>
  close: () => void
}

/** Asks until when somebody stays. */
export function Until({ title, children, action, waiting, from, first, base, act, close }: Props) {
  const { t } = useText()
  const site = useSite()
  const now = useNow(10_000)
  const { busy, error, run } = useAct()
  const explain = useProblemText()
  const [until, setUntil] = useState(first)
  const instant = fromField(until, site.timezone)
  const fault = departureFault(from, instant, site, now)
  const submit = () => {
    if (instant && !fault) run(() => act(instant))
  }
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': t('web.close') }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          submit()
        }}
      >
        <Stack gap="md">
          {children && <Text component="div">{children}</Text>}
          <TextInput
            data-autofocus
            type="datetime-local"
            label={t('web.extend.until')}
            value={until}
            onChange={(e) => setUntil(e.currentTarget.value)}
            error={fault && t(fault)}
            required
            withAsterisk={false}
          />
          <Group gap="xs">
            {steps.map((minutes) => (
              <Button
                key={minutes}
                size="compact-sm"
                variant="default"
                onClick={() => setUntil(toField(base + minutes * 60_000, site.timezone))}
              >
                {minutes < 60 ? t('web.extend.minutes', { count: minutes }) : t.count('web.extend.hours', minutes / 60)}
              </Button>
            ))}
          </Group>
          <ZoneNote />
          {error !== null && (
            <Alert color="red" role="alert">
              {explain(error)}
            </Alert>
          )}
          {busy && <Waiting>{waiting}</Waiting>}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {t('web.cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={Boolean(fault)}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
