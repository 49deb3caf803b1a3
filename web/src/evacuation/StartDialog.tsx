import { Alert, Button, Modal, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, intent } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { useAct } from '../dialog/useAct.ts'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Evacuation.module.css'
import type { Outbox } from './outbox.ts'
import type { EvacuationList, Kind } from './types.ts'

type Props = { box: Outbox; list: EvacuationList | null; close: () => void }

/** Without an answer within this the roll call begins on this device. */
const patience = 4_000

/** A drill, or for real. */
export function StartDialog({ box, list, close }: Props) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [key] = useState(intent)
  const start = (kind: Kind) =>
    run(async () => {
      const signal = AbortSignal.timeout(patience)
      try {
        await api.post('/api/v1/sites/{site}/roll-calls', { path: { site: site.id }, body: { kind }, key: key + kind, signal })
        await client.invalidateQueries({ queryKey: ['evacuation', site.id] })
      } catch (e) {
        const silent = signal.aborted || (e instanceof Problem && e.passing)
        if (!silent || !list) throw signal.aborted ? new Problem(0, 'unreachable', '') : e
        await box.start(site.id, kind)
      }
      close()
    })
  return (
    <Modal opened onClose={close} title={t('web.evacuation.start')} closeButtonProps={{ 'aria-label': t('web.close') }}>
      <Stack gap="md">
        <p className={classes.plain}>{t('web.evacuation.start.text')}</p>
        {error !== null && (
          <Alert color="red" role="alert">
            {explain(error)}
          </Alert>
        )}
        {busy && <Waiting>{t('web.waiting')}</Waiting>}
        <Button size="xl" color="red.9" disabled={busy} onClick={() => start('real')}>
          {t('web.evacuation.start.real')}
        </Button>
        <Button size="xl" variant="default" data-autofocus disabled={busy} onClick={() => start('drill')}>
          {t('web.evacuation.start.drill')}
        </Button>
      </Stack>
    </Modal>
  )
}
