import { Button, Group, Modal, Radio, Stack } from '@mantine/core'
import { useState } from 'react'
import { Failed, Waiting } from '../look/States.tsx'
import { useText } from '../text/useText.tsx'
import type { Zone } from './queries.ts'
import { useProposal } from './useProposal.ts'
import { Weak } from './Weak.tsx'
import { ZoneForm } from './ZoneForm.tsx'

type Props = { zone?: Zone; close: () => void; made?: (zone: Zone) => void }

/** Adds a zone, whose kind is asked first because it never changes; or changes one. */
export function ZoneDialog({ zone, close, made }: Props) {
  const [kind, setKind] = useState<Zone['kind'] | undefined>(zone?.kind)
  if (!kind) return <Kind choose={setKind} close={close} />
  return <ZoneForm zone={zone} kind={kind} close={close} made={made} />
}

const kinds = ['long', 'compatible'] as const

function Kind({ choose, close }: { choose: (kind: Zone['kind']) => void; close: () => void }) {
  const { t } = useText()
  const [kind, setKind] = useState<Zone['kind']>('long')
  return (
    <Modal opened onClose={close} size="lg" title={t('web.zone.add')} closeButtonProps={{ 'aria-label': t('web.close') }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          choose(kind)
        }}
      >
        <Stack gap="md">
          <Radio.Group
            label={t('web.zone.kind')}
            description={t('web.zone.kind.text')}
            inputWrapperOrder={['label', 'description', 'input', 'error']}
            value={kind}
            onChange={(v) => setKind(v as Zone['kind'])}
          >
            <Stack gap="md" mt="xs">
              {kinds.map((k) => (
                <Radio
                  key={k}
                  value={k}
                  label={t(`web.zone.kind.${k}`)}
                  description={t(`web.zone.kind.${k}.text`)}
                  data-autofocus={k === 'long' || undefined}
                />
              ))}
            </Stack>
          </Radio.Group>
          {kind === 'compatible' && <Usual />}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {t('web.cancel')}
            </Button>
            <Button type="submit">{t('web.zone.kind.next')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** How weak the pair would be that is offered first. */
function Usual() {
  const { t } = useText()
  const { proposal, error, again } = useProposal(32)
  if (proposal) return <Weak strength={proposal.strength} />
  return error ? <Failed error={error} again={again} /> : <Waiting>{t('web.loading')}</Waiting>
}
