import { Button, Checkbox, Modal, Stack, Text, TextInput } from '@mantine/core'
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { Icon } from '../../look/Icon.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { span } from '../../time.ts'
import { useMe } from '../../useMe.ts'
import { useNow } from '../../useNow.ts'
import { FormDialog } from '../kit/Form.tsx'
import { Line, Lines, More } from '../kit/Lines.tsx'
import { Part } from '../kit/Page.tsx'
import { useForm } from '../kit/useForm.ts'
import { useWhen } from '../kit/useWhen.ts'
import classes from './Site.module.css'

type Kiosk = components['schemas']['Kiosk']
type Made = { kiosk: Kiosk; code: string }

const kiosksQuery = (site: string) =>
  queryOptions({
    queryKey: ['kiosks', site],
    queryFn: async ({ signal }) => (await api.get('/api/v1/sites/{site}/kiosks', { path: { site }, signal })).items,
    // Whether a screen was paired, nobody tells us.
    refetchInterval: 10_000,
  })

/** The screens in the lobby. */
export function Kiosks() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const client = useQueryClient()
  const when = useWhen()
  const kiosks = useQuery(kiosksQuery(site.id))
  const [adding, setAdding] = useState(false)
  const [made, setMade] = useState<Made | null>(null)
  const [revoking, setRevoking] = useState<Kiosk | null>(null)
  const again = () => client.invalidateQueries({ queryKey: ['kiosks', site.id] })
  const writes = can('kiosks.write')
  const note = (k: Kiosk) => {
    if (k.paired_at) return t('web.kiosks.paired', { at: when(k.paired_at) })
    const waits = k.code_expires_at && Date.parse(k.code_expires_at) > Date.now()
    return waits ? t('web.kiosks.waits', { at: when(k.code_expires_at) }) : t('web.kiosks.late')
  }
  return (
    <Part
      title={t('web.kiosks.title')}
      text={t('web.kiosks.text')}
      action={
        writes && (
          <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
            {t('web.kiosks.add')}
          </Button>
        )
      }
    >
      <Lines query={kiosks} empty={t('web.kiosks.none')}>
        {(k) => (
          <Line
            key={k.id}
            icon={k.paired_at ? 'done' : 'clock'}
            tone={k.paired_at ? 'good' : undefined}
            title={k.name}
            note={note(k)}
            side={
              <>
                {k.last_seen_at && <div>{t('web.kiosks.seen', { at: when(k.last_seen_at) })}</div>}
                {k.walk_ins && <div>{t('web.kiosks.walkins.yes')}</div>}
              </>
            }
          >
            {writes && (
              <More name={k.name} items={[{ label: t('web.kiosks.revoke'), bad: true, run: () => setRevoking(k) }]} />
            )}
          </Line>
        )}
      </Lines>
      {adding && (
        <AddKiosk
          close={() => setAdding(false)}
          done={(m) => {
            setAdding(false)
            setMade(m)
            void again()
          }}
        />
      )}
      {made && <Code made={made} close={() => setMade(null)} />}
      {revoking && (
        <Confirm
          title={t('web.kiosks.revoke.ask', { name: revoking.name })}
          action={t('web.kiosks.revoke')}
          waiting={t('web.waiting')}
          danger
          close={() => setRevoking(null)}
          act={async () => {
            await api.delete('/api/v1/sites/{site}/kiosks/{kiosk}', { path: { site: site.id, kiosk: revoking.id } })
            await again()
            setRevoking(null)
          }}
        >
          {t('web.kiosks.revoke.text')}
        </Confirm>
      )}
    </Part>
  )
}

function AddKiosk({ close, done }: { close: () => void; done: (made: Made) => void }) {
  const { t } = useText()
  const site = useSite()
  const form = useForm(
    { name: '', walk_ins: false },
    async (body) => done(await api.post('/api/v1/sites/{site}/kiosks', { path: { site: site.id }, body })),
    (f) => ({ name: f.name.trim() ? undefined : t('web.settings.fault.name') }),
  )
  return (
    <FormDialog title={t('web.kiosks.add')} form={form} shown={['name']} action={t('web.kiosks.code')} close={close}>
      <TextInput
        label={t('web.settings.name')}
        description={t('web.kiosks.name.text')}
        data-autofocus
        value={form.value.name}
        onChange={(e) => form.set({ name: e.currentTarget.value })}
        error={form.fault('name')}
      />
      <Checkbox
        label={t('web.kiosks.walkins')}
        checked={form.value.walk_ins}
        onChange={(e) => form.set({ walk_ins: e.currentTarget.checked })}
      />
    </FormDialog>
  )
}

/** The code to type at the screen, for as long as it is good. */
function Code({ made, close }: { made: Made; close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const now = useNow(1000)
  const { data = [] } = useQuery(kiosksQuery(site.id))
  const left = span(Date.parse(made.kiosk.code_expires_at ?? made.kiosk.created_at) - now)
  const over = left.hours + left.minutes + left.seconds === 0
  const paired = data.some((k) => k.id === made.kiosk.id && k.paired_at)
  const address = `${location.origin}/kiosk`
  return (
    <Modal
      opened
      onClose={close}
      title={t('web.kiosks.code.title', { name: made.kiosk.name })}
      closeOnClickOutside={paired || over} // the code is shown here only
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <Stack gap="md">
        {paired ? (
          <Text role="status">{t('web.kiosks.code.done')}</Text>
        ) : (
          <>
            <Text>{t('web.kiosks.code.text', { address })}</Text>
            <output className={classes.code}>
              {made.code.slice(0, 3)}
              <span>{made.code.slice(3)}</span>
            </output>
            <Text className="dimmed">
              {over
                ? t('web.kiosks.code.over')
                : t('web.kiosks.code.left', { left: `${left.minutes}:${String(left.seconds).padStart(2, '0')}` })}
            </Text>
          </>
        )}
        <Button onClick={close}>{t('web.done')}</Button>
      </Stack>
    </Modal>
  )
}
