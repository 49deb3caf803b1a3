import { Checkbox, Select, TextInput } from '@mantine/core'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { Form } from '../kit/Form.tsx'
import { Part } from '../kit/Page.tsx'
import classes from '../kit/Page.module.css'
import { SpanInput } from '../kit/SpanInput.tsx'
import { useForm } from '../kit/useForm.ts'
import { siteFaults } from './faults.ts'
import { useSaveSite } from './useSaveSite.ts'
import { zones } from './zones.ts'

const shown = [
  'name',
  'timezone',
  'address',
  'default_stay_seconds',
  'max_stay_seconds',
  'termination_seconds',
  'device_limit',
]

export function SiteForm() {
  const { t } = useText()
  const site = useSite()
  const save = useSaveSite()
  const form = useForm(
    {
      name: site.name,
      timezone: site.timezone,
      address: site.address ?? '',
      default_stay_seconds: site.default_stay_seconds,
      max_stay_seconds: site.max_stay_seconds,
      termination_seconds: site.termination_seconds,
      device_limit: site.device_limit,
      walk_ins: site.walk_ins,
    },
    save,
    (f) => siteFaults(f, t),
  )
  const { value, set, fault } = form
  return (
    <Part title={t('web.site.general')}>
      <Form form={form} shown={shown}>
        <div className={classes.pair}>
          <TextInput
            label={t('web.settings.name')}
            value={value.name}
            onChange={(e) => set({ name: e.currentTarget.value })}
            error={fault('name')}
          />
          <Select
            label={t('web.site.timezone')}
            searchable
            allowDeselect={false}
            data={zones(site.timezone)}
            value={value.timezone}
            onChange={(timezone) => set({ timezone: timezone ?? site.timezone })}
            error={fault('timezone')}
            nothingFoundMessage={t('web.site.timezone.none')}
          />
        </div>
        <TextInput
          label={t('web.site.address')}
          description={t('web.site.address.text')}
          value={value.address}
          onChange={(e) => set({ address: e.currentTarget.value })}
          error={fault('address')}
        />
        <div className={classes.pair}>
          <SpanInput
            label={t('web.site.stay')}
            description={t('web.site.stay.text')}
            seconds={value.default_stay_seconds}
            onChange={(default_stay_seconds) => set({ default_stay_seconds })}
            error={fault('default_stay_seconds')}
          />
          <SpanInput
            label={t('web.site.longest')}
            description={t('web.site.longest.text')}
            seconds={value.max_stay_seconds}
            onChange={(max_stay_seconds) => set({ max_stay_seconds })}
            error={fault('max_stay_seconds')}
          />
          <SpanInput
            label={t('web.site.termination')}
            description={t('web.site.termination.text')}
            seconds={value.termination_seconds}
            onChange={(termination_seconds) => set({ termination_seconds })}
            error={fault('termination_seconds')}
          />
          <TextInput
            type="number"
            min={0}
            max={100}
            label={t('web.site.devices')}
            description={t('web.site.devices.text')}
            value={Number.isNaN(value.device_limit) ? '' : value.device_limit}
            onChange={(e) => set({ device_limit: e.currentTarget.valueAsNumber })}
            error={fault('device_limit')}
          />
        </div>
        <Checkbox
          label={t('web.site.walkins')}
          description={t('web.site.walkins.text')}
          checked={value.walk_ins}
          onChange={(e) => set({ walk_ins: e.currentTarget.checked })}
        />
      </Form>
    </Part>
  )
}
