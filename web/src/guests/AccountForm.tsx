import { Checkbox, NativeSelect, Radio, Stack, Textarea, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { FormDialog } from '../settings/kit/Form.tsx'
import page from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { fromField } from '../time.ts'
import { accountFaults, blankAccount, change, creation, endField, type Fields, fieldsOf } from './account.ts'
import classes from './Guests.module.css'
import type { Made } from './MadeAccount.tsx'
import { type Account, profilesQuery, readGuests } from './queries.ts'
import { accountName } from './states.ts'
import { useDates } from './useDates.ts'
import { endOf } from './validity.ts'

type Props = { account?: Account; close: () => void; made?: (m: Made) => void }

const shown = [...Object.keys(blankAccount('')), 'visitor']

/** Makes an account, or changes one. */
export function AccountForm({ account, close, made }: Props) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const zone = site.timezone
  const { data: profiles = [] } = useQuery(profilesQuery)
  const before = account ? fieldsOf(account, zone) : blankAccount(profiles[0]?.id ?? '')
  const form = useForm<Fields>(
    before,
    async (f) => {
      if (account) {
        await api.patch('/api/v1/accounts/{account}', { path: { account: account.id }, body: change(f, before, zone) })
        close()
      } else {
        made?.(await api.post('/api/v1/accounts', { body: creation(f, site.id, zone) }))
      }
      await readGuests(client)
    },
    (f) => accountFaults(f, zone, Date.now(), t),
  )
  const { value, set, fault } = form
  const text = (name: 'first_name' | 'last_name' | 'company' | 'email' | 'phone') => (
    <TextInput
      label={t(`web.guests.field.${name}`)}
      autoComplete="off"
      type={name === 'email' ? 'email' : name === 'phone' ? 'tel' : 'text'}
      value={value[name]}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
      error={fault(name) ?? fault(`visitor.${name}`)}
    />
  )
  return (
    <FormDialog
      title={account ? t('web.guests.account.change', { name: accountName(account) }) : t('web.guests.account.new')}
      form={form}
      shown={shown}
      action={account ? undefined : t('web.guests.account.make')}
      close={close}
    >
      {!account && (
        <TextInput
          label={t('web.guests.field.login')}
          description={t('web.guests.field.login.text')}
          data-autofocus
          autoComplete="off"
          value={value.login}
          onChange={(e) => set({ login: e.currentTarget.value })}
          error={fault('login')}
        />
      )}
      <div className={page.pair}>
        {text('first_name')}
        {text('last_name')}
        {text('company')}
        {text('email')}
        {text('phone')}
        <NativeSelect
          label={t('web.guests.profile')}
          value={value.profile_id}
          onChange={(e) => set({ profile_id: e.currentTarget.value })}
          data={profiles.map((p) => ({ value: p.id, label: p.name }))}
          error={fault('profile_id')}
        />
      </div>
      <Times form={form} made={Boolean(account)} />
      <Textarea
        label={t('web.guests.field.notes')}
        description={t('web.guests.field.notes.text')}
        autosize
        minRows={2}
        value={value.notes}
        onChange={(e) => set({ notes: e.currentTarget.value })}
        error={fault('notes')}
      />
      {!account && (
        <Checkbox
          label={t('web.guests.field.password')}
          description={t('web.guests.field.password.text')}
          checked={value.password}
          onChange={(e) => set({ password: e.currentTarget.checked })}
        />
      )}
    </FormDialog>
  )
}

/** From when to when; what the profile makes of it is said while one types. */
function Times({ form: { value, set, fault }, made }: { form: ReturnType<typeof useForm<Fields>>; made: boolean }) {
  const { t } = useText()
  const { timezone: zone } = useSite()
  const { last } = useDates()
  const { data: profiles = [] } = useQuery(profilesQuery)
  const profile = profiles.find((p) => p.id === value.profile_id)
  const start = Date.parse(fromField(value.starts_at, zone) ?? new Date().toISOString())
  const end = profile && endOf(profile.validity, start, zone)
  return (
    <fieldset className={classes.fieldset}>
      <legend>{t('web.guests.validity')}</legend>
      <TextInput
        type="datetime-local"
        label={t('web.guests.starts')}
        description={made ? undefined : t('web.guests.starts.text')}
        value={value.starts_at}
        onChange={(e) => set({ starts_at: e.currentTarget.value })}
        error={fault('starts_at')}
      />
      <Radio.Group
        label={t('web.guests.ends')}
        value={value.own_end ? 'own' : 'profile'}
        onChange={(v) => set({ own_end: v === 'own', ends_at: value.ends_at || (end ? endField(end, zone) : '') })}
      >
        <Stack gap="xs" pt={4}>
          <Radio
            value="profile"
            label={t('web.guests.ends.profile')}
            description={end ? t('web.guests.ends.profile.text', { until: last(end) }) : undefined}
          />
          <Radio value="own" label={t('web.guests.ends.own')} />
        </Stack>
      </Radio.Group>
      {value.own_end && (
        <TextInput
          type="datetime-local"
          label={t('web.guests.ends.at')}
          description={t('web.guests.ends.at.text')}
          value={value.ends_at}
          onChange={(e) => set({ ends_at: e.currentTarget.value })}
          error={fault('ends_at')}
        />
      )}
    </fieldset>
  )
}
