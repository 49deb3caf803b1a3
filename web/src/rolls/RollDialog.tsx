import { Checkbox, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { FormDialog } from '../settings/kit/Form.tsx'
import page from '../settings/kit/Page.module.css'
import { SpanInput } from '../settings/kit/SpanInput.tsx'
import { useForm } from '../settings/kit/useForm.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { readAgain, type Roll, type Zone } from './queries.ts'
import { blankRoll, change, changesCodes, creation, type Fields, fieldsOf, highestOf, mostOf, rollFaults } from './roll.ts'
import { useMeant } from './useMeant.tsx'
import { useNumber } from './useNumber.ts'

type Props = { zone: Zone; roll?: Roll; rolls: readonly Roll[]; close: () => void }

/** Makes a roll, or changes one. */
export function RollDialog({ zone, roll, rolls, close }: Props) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const clock = site.timezone
  const number = useNumber()
  const { ask, question } = useMeant(t('web.roll.retire', { number: roll?.number ?? 0 }), t('web.rolls.retire.change'))

  const alter = async (r: Roll, f: Fields) => {
    const path = { site: site.id, zone: zone.id, roll: r.id }
    const body = change(f, r, clock)
    const asked = { path, body }
    const impact =
      changesCodes(f, r) && (await api.post('/api/v1/sites/{site}/zones/{zone}/rolls/{roll}/preview', asked))
    const meant = impact && impact.rolls > 0 ? await ask(impact) : {}
    await api.patch('/api/v1/sites/{site}/zones/{zone}/rolls/{roll}', { path, body: { ...body, ...meant } })
  }
  const form = useForm<Fields>(
    roll ? fieldsOf(roll, clock) : blankRoll(zone, rolls),
    async (f) => {
      const path = { site: site.id, zone: zone.id }
      if (roll) await alter(roll, f)
      else await api.post('/api/v1/sites/{site}/zones/{zone}/rolls', { path, body: creation(f, clock) })
      await readAgain(client, site.id)
      close()
    },
    (f) => rollFaults(f, zone, clock, t),
  )
  const { value, set, fault } = form
  const dates = ['not_before', 'first_use_by'] as const

  if (question) return question
  return (
    <FormDialog
      title={roll ? t('web.roll.change', { number: roll.number }) : t('web.roll.add')}
      form={form}
      shown={Object.keys(value)}
      action={roll ? undefined : t('web.roll.make')}
      close={close}
    >
      <div className={page.pair}>
        <TextInput
          type="number"
          min={0}
          label={t('web.roll.number')}
          description={t('web.roll.number.text', { most: number.whole(highestOf(zone)) })}
          value={value.number}
          onChange={(e) => set({ number: e.currentTarget.value })}
          error={fault('number')}
        />
        <TextInput
          type="number"
          min={1}
          label={t('web.roll.count')}
          description={t('web.roll.count.text', { most: number.whole(mostOf(zone)) })}
          data-autofocus={!roll || undefined}
          value={value.count}
          onChange={(e) => set({ count: e.currentTarget.value })}
          error={fault('count')}
        />
      </div>
      {roll && changesCodes(value, roll) && <p className="dimmed">{t('web.roll.ends')}</p>}
      <div className={page.pair}>
        <SpanInput
          label={t('web.roll.time')}
          description={t(roll ? 'web.roll.time.unused' : 'web.roll.time.text')}
          seconds={value.seconds}
          onChange={(seconds) => set({ seconds })}
          error={fault('seconds')}
        />
        <TextInput
          type="number"
          min={0}
          label={t('web.roll.devices')}
          description={t('web.roll.devices.text')}
          value={value.devices}
          onChange={(e) => set({ devices: e.currentTarget.value })}
          error={fault('devices')}
        />
      </div>
      <TextInput
        label={t('web.roll.description')}
        description={t('web.roll.description.text')}
        value={value.description}
        onChange={(e) => set({ description: e.currentTarget.value })}
        error={fault('description')}
      />
      <Checkbox
        label={t('web.roll.soldonly')}
        description={t(zone.kind === 'compatible' ? 'web.roll.soldonly.weak' : 'web.roll.soldonly.text')}
        checked={value.sold_only}
        onChange={(e) => set({ sold_only: e.currentTarget.checked })}
      />
      <div className={page.pair}>
        {dates.map((name) => (
          <TextInput
            key={name}
            type="datetime-local"
            label={t(`web.roll.date.${name}`)}
            description={t(`web.roll.date.${name}.text`)}
            value={value[name]}
            onChange={(e) => set({ [name]: e.currentTarget.value })}
            error={fault(name)}
          />
        ))}
      </div>
    </FormDialog>
  )
}
