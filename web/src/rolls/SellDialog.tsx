import { Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { useToast } from '../look/Toasts.tsx'
import { FormDialog } from '../settings/kit/Form.tsx'
import page from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { readAgain, type Roll, type Zone } from './queries.ts'
import { type Range, rangeFaults, sizeOf, wholeOf } from './roll.ts'

type Props = { zone: Zone; roll: Roll; close: () => void }

/** Marks tickets as sold, a range at a time. */
export function SellDialog({ zone, roll, close }: Props) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const toast = useToast()
  const form = useForm<Range>(
    wholeOf(roll),
    async (g) => {
      const path = { site: site.id, zone: zone.id, roll: roll.id }
      const body = { first: Number(g.first), last: Number(g.last) }
      const { sold } = await api.post('/api/v1/sites/{site}/zones/{zone}/rolls/{roll}/sell', { path, body })
      await readAgain(client, site.id)
      toast({ text: t.count('web.roll.sold', sold) })
      close()
    },
    (g) => rangeFaults(g, roll, t),
  )
  return (
    <FormDialog
      title={t('web.roll.sell.of', { roll: t('web.roll.name', { number: roll.number }) })}
      form={form}
      shown={['first', 'last']}
      action={t.count('web.roll.sell.action', sizeOf(form.value))}
      close={close}
    >
      <Text>{t('web.roll.sell.text')}</Text>
      <RangeFields {...form} />
    </FormDialog>
  )
}

type RangeProps = { value: Range; set: (change: Partial<Range>) => void; fault: (name: string) => string | undefined }

/** From which ticket to which. */
export function RangeFields({ value, set, fault }: RangeProps) {
  const { t } = useText()
  return (
    <div className={page.pair}>
      {(['first', 'last'] as const).map((name) => (
        <TextInput
          key={name}
          type="number"
          min={1}
          label={t(`web.roll.range.${name}`)}
          value={value[name]}
          onChange={(e) => set({ [name]: e.currentTarget.value })}
          error={fault(name)}
        />
      ))}
    </div>
  )
}
