import { NativeSelect } from '@mantine/core'
import { api } from '../../api/client.ts'
import { useText } from '../../text/useText.tsx'
import { FormDialog } from '../kit/Form.tsx'
import { useForm } from '../kit/useForm.ts'
import type { Webhook } from './queries.ts'

const overlaps = ['86400', '3600', '604800', '0'] as const

/** Gives a webhook a new secret; the old one goes on signing beside it for a while. */
export function Rotate({ webhook, close, done }: { webhook: Webhook; close: () => void; done: (secret: string) => void }) {
  const { t } = useText()
  const form = useForm({ overlap_seconds: '86400' }, async (f) => {
    const answer = await api.post('/api/v1/webhooks/{webhook}/rotate', {
      path: { webhook: webhook.id },
      body: { overlap_seconds: Number(f.overlap_seconds) },
    })
    done(answer.secret)
  })
  return (
    <FormDialog title={t('web.webhooks.rotate')} form={form} shown={['overlap_seconds']} action={t('web.webhooks.rotate')} close={close}>
      <NativeSelect
        label={t('web.webhooks.keep')}
        description={t('web.webhooks.keep.text')}
        data-autofocus
        value={form.value.overlap_seconds}
        onChange={(e) => form.set({ overlap_seconds: e.currentTarget.value })}
        data={overlaps.map((o) => ({ value: o, label: t(`web.webhooks.keep.${o}`) }))}
        error={form.fault('overlap_seconds')}
      />
    </FormDialog>
  )
}
