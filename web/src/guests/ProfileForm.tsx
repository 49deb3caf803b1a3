import { Radio, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { FormDialog } from '../settings/kit/Form.tsx'
import { useForm } from '../settings/kit/useForm.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useNow } from '../useNow.ts'
import classes from './Guests.module.css'
import { blankProfile, type Fields, fieldsOf, kinds, profileFaults, request, validityOf } from './profile.ts'
import { type Profile, readPortals } from './queries.ts'
import { useDates } from './useDates.ts'
import { endOf, exampleStart } from './validity.ts'

/** Makes a profile, or changes one. */
export function ProfileForm({ profile, close }: { profile?: Profile; close: () => void }) {
  const { t } = useText()
  const { timezone: zone } = useSite()
  const client = useQueryClient()
  const form = useForm<Fields>(
    profile ? fieldsOf(profile, zone) : blankProfile,
    async (f) => {
      const body = request(f, zone)
      if (profile) await api.patch('/api/v1/profiles/{profile}', { path: { profile: profile.id }, body })
      else await api.post('/api/v1/profiles', { body })
      await readPortals(client)
      close()
    },
    (f) => profileFaults(f, zone, t),
  )
  const { value, set, fault } = form
  return (
    <FormDialog
      title={profile ? t('web.guests.profile.change', { name: profile.name }) : t('web.guests.profile.add')}
      form={form}
      shown={['name', 'validity', 'devices']}
      action={profile ? undefined : t('web.guests.add')}
      close={close}
    >
      <TextInput
        label={t('web.settings.name')}
        data-autofocus
        value={value.name}
        onChange={(e) => set({ name: e.currentTarget.value })}
        error={fault('name')}
      />
      <Radio.Group label={t('web.guests.validity')} value={value.kind} onChange={(v) => set({ kind: v as Fields['kind'] })}>
        <Stack gap="xs" pt={4}>
          {kinds.map((k) => (
            <Radio key={k} value={k} label={t(`web.guests.kind.${k}`)} description={t(`web.guests.kind.${k}.text`)} />
          ))}
        </Stack>
      </Radio.Group>
      {value.kind === 'until' ? (
        <TextInput
          type="datetime-local"
          label={t('web.guests.ends.at')}
          description={t('web.guests.ends.at.text')}
          value={value.until}
          onChange={(e) => set({ until: e.currentTarget.value })}
          error={fault('validity.until') ?? fault('validity')}
        />
      ) : (
        <TextInput
          type="number"
          min={1}
          label={t(`web.guests.kind.${value.kind}.count`)}
          value={value[value.kind]}
          onChange={(e) => set({ [value.kind]: e.currentTarget.value })}
          error={fault('validity.value') ?? fault('validity')}
        />
      )}
      <Example fields={value} />
      {profile && profile.accounts > 0 && (
        <p className="dimmed">{t.count('web.guests.profile.moves', profile.accounts)}</p>
      )}
      <TextInput
        type="number"
        min={0}
        label={t('web.guests.devices.most')}
        description={t('web.guests.devices.most.text')}
        placeholder={t('web.guests.devices.nolimit')}
        value={value.devices}
        onChange={(e) => set({ devices: e.currentTarget.value })}
        error={fault('devices')}
      />
    </FormDialog>
  )
}

/** What that means for an account that is made today. */
function Example({ fields }: { fields: Fields }) {
  const { t } = useText()
  const { timezone: zone } = useSite()
  const { last } = useDates()
  const now = useNow(60_000)
  const start = exampleStart(now, zone)
  const end = endOf(validityOf(fields, zone), start, zone)
  const valid = end && Date.parse(end) > start
  return (
    <p className={classes.example} role="status">
      {valid ? t('web.guests.example', { until: last(end) }) : t('web.guests.example.none')}
    </p>
  )
}
