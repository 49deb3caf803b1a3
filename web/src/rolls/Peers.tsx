import { Button, NumberInput, PasswordInput, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Icon } from '../look/Icon.tsx'
import { FormDialog } from '../settings/kit/Form.tsx'
import { Line, Lines, More } from '../settings/kit/Lines.tsx'
import { Part } from '../settings/kit/Page.tsx'
import { useForm } from '../settings/kit/useForm.ts'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { type Peer, peersQuery, type Zone } from './queries.ts'

/** Other deployments that have the same zone, and whether they follow. */
export function Peers({ zone }: { zone: Zone }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const client = useQueryClient()
  const when = useWhen()
  const peers = useQuery(peersQuery(site.id, zone.id))
  const [adding, setAdding] = useState(false)
  const [leaving, setLeaving] = useState<Peer | null>(null)
  const again = () => client.invalidateQueries({ queryKey: peersQuery(site.id, zone.id).queryKey })
  const writes = can('rolls.write')
  const note = (p: Peer) => {
    if (p.failed_at) {
      const why = t.known(`web.peer.failure.${p.failure}`, t('web.peer.failure.other'))
      return t('web.peer.failed', { at: when(p.failed_at), why })
    }
    return p.pushed_at ? t('web.peer.pushed', { at: when(p.pushed_at) }) : t('web.peer.never')
  }
  return (
    <Part
      title={t('web.peer.title')}
      text={t('web.peer.text')}
      action={
        writes && (
          <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
            {t('web.peer.add')}
          </Button>
        )
      }
    >
      <Lines query={peers} empty={t('web.peer.none')}>
        {(p) => (
          <Line
            key={p.id}
            icon={p.failed_at ? 'warn' : p.waiting ? 'clock' : 'done'}
            tone={p.failed_at ? 'bad' : p.waiting ? undefined : 'good'}
            title={`${p.address}:${p.port}`}
            note={note(p)}
          >
            {writes && (
              <More name={p.address} items={[{ label: t('web.peer.leave'), bad: true, run: () => setLeaving(p) }]} />
            )}
          </Line>
        )}
      </Lines>
      {adding && (
        <AddPeer
          zone={zone}
          close={() => setAdding(false)}
          done={() => {
            setAdding(false)
            void again()
          }}
        />
      )}
      {leaving && (
        <Confirm
          title={t('web.peer.leave.ask', { name: leaving.address })}
          action={t('web.peer.leave')}
          waiting={t('web.waiting')}
          danger
          close={() => setLeaving(null)}
          act={async () => {
            const path = { site: site.id, zone: zone.id, peer: leaving.id }
            await api.delete('/api/v1/sites/{site}/zones/{zone}/peers/{peer}', { path })
            await again()
            setLeaving(null)
          }}
        >
          {t('web.peer.leave.text')}
        </Confirm>
      )}
    </Part>
  )
}

function AddPeer({ zone, close, done }: { zone: Zone; close: () => void; done: () => void }) {
  const { t } = useText()
  const site = useSite()
  const form = useForm({ address: '', port: 443, remote_site_id: '', user: '', password: '' }, async (body) => {
    await api.post('/api/v1/sites/{site}/zones/{zone}/peers', { path: { site: site.id, zone: zone.id }, body })
    done()
  })
  const text = (name: 'address' | 'remote_site_id' | 'user') => ({
    value: form.value[name],
    onChange: (e: { currentTarget: { value: string } }) => form.set({ [name]: e.currentTarget.value.trim() }),
    error: form.fault(name),
    required: true,
    autoComplete: 'off',
  })
  return (
    <FormDialog
      title={t('web.peer.add')}
      form={form}
      shown={['address', 'port', 'remote_site_id', 'user', 'password']}
      action={t('web.peer.add')}
      close={close}
    >
      <TextInput label={t('web.peer.address')} description={t('web.peer.address.text')} data-autofocus {...text('address')} />
      <NumberInput
        label={t('web.peer.port')}
        min={1}
        max={65535}
        value={form.value.port}
        onChange={(port) => form.set({ port: Number(port) })}
        error={form.fault('port')}
      />
      <TextInput
        label={t('web.peer.site')}
        description={t('web.peer.site.text')}
        {...text('remote_site_id')}
      />
      <TextInput label={t('web.peer.user')} description={t('web.peer.user.text')} {...text('user')} />
      <PasswordInput
        label={t('web.peer.password')}
        autoComplete="off"
        required
        value={form.value.password}
        onChange={(e) => form.set({ password: e.currentTarget.value })}
        error={form.fault('password')}
      />
    </FormDialog>
  )
}
