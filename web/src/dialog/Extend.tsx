import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Visit } from '../api/types.ts'
import { useProblemText, Waiting } from '../look/States.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { fromField, toField } from '../time.ts'
import { useNow } from '../useNow.ts'
import { departureFault } from './form.ts'
import { useAct } from './useAct.ts'
import { useChanges } from './useChanges.ts'
import { ZoneNote } from './ZoneNote.tsx'

const steps = [30, 60, 120]

/** Moves a running visit's departure, later or earlier. */
export function Extend({ visit, close }: { visit: Visit; close: () => void }) {
  const { t } = useText()
  const { extend } = useChanges()
  const site = useSite()
  const now = useNow(10_000)
  const { busy, error, run } = useAct()
  const explain = useProblemText()
  const [until, setUntil] = useState(() => toField(visit.expected_departure, site.timezone))

  const instant = fromField(until, site.timezone)
  const fault = departureFault(visit.checked_in_at ?? visit.expected_arrival, instant, site, now)
  const add = (minutes: number) => {
    const from = Math.max(Date.parse(visit.expected_departure), now)
    setUntil(toField(from + minutes * 60_000, site.timezone))
  }
  const submit = () => {
    if (instant && !fault) run(() => extend(visit, instant).then(close))
  }
  return (
    <Modal
      opened
      onClose={close}
      title={t('web.extend.title', { name: nameOf(visit) })}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault()
          submit()
        }}
      >
        <Stack gap="md">
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
              <Button key={minutes} size="compact-sm" variant="default" onClick={() => add(minutes)}>
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
          {busy && <Waiting>{t('web.waiting')}</Waiting>}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {t('web.cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={Boolean(fault)}>
              {t('web.extend.action')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
