import { Alert, Button, Checkbox, Group, Modal, Stack } from '@mantine/core'
import { useState } from 'react'
import { useAct } from '../dialog/useAct.ts'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useText } from '../text/useText.tsx'
import type { Impact } from './queries.ts'
import classes from './Rolls.module.css'

type Props = {
  title: string
  action: string
  impact: Impact
  /** Where codes in use end in any case. */
  never?: boolean
  act: (runsOn: boolean) => Promise<void>
  close: () => void
}

/** Says how many codes would be dead for good, and wants that to be meant. */
export function Retire({ title, action, impact: i, never, act, close }: Props) {
  const { t } = useText()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [meant, setMeant] = useState(false)
  const [runsOn, setRunsOn] = useState(!never)
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': t('web.close') }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          if (meant) run(() => act(runsOn))
        }}
      >
        <Stack gap="md">
          <div>
            {t.count('web.rolls.retire', i.rolls)}
            <ul className={classes.counts}>
              <li>{t.count('web.rolls.retire.ready', i.ready)}</li>
              {i.sold > 0 && <li>{t.count('web.rolls.retire.sold', i.sold)}</li>}
              <li>{t.count('web.rolls.retire.active', i.active)}</li>
              <li>{t.count('web.rolls.retire.used', i.used)}</li>
            </ul>
            {never && i.active > 0 && t('web.rolls.retire.atonce')}
          </div>
          {!never && i.active > 0 && (
            <Checkbox
              label={t('web.rolls.retire.runson')}
              description={t('web.rolls.retire.runson.text')}
              checked={runsOn}
              onChange={(e) => setRunsOn(e.currentTarget.checked)}
            />
          )}
          <Checkbox
            label={t('web.rolls.retire.meant')}
            checked={meant}
            onChange={(e) => setMeant(e.currentTarget.checked)}
          />
          {error !== null && (
            <Alert color="red" role="alert">
              {explain(error)}
            </Alert>
          )}
          {busy && <Waiting>{t('web.waiting')}</Waiting>}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" data-autofocus onClick={close}>
              {t('web.cancel')}
            </Button>
            <Button type="submit" color="red.9" loading={busy} disabled={!meant}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
