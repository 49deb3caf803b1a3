import { NativeSelect, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { FormDialog } from '../settings/kit/Form.tsx'
import page from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { readAgain, type Zone } from './queries.ts'
import { SeriesFields } from './SeriesFields.tsx'
import { useMeant } from './useMeant.tsx'
import { useProposal } from './useProposal.ts'
import { WaysFields } from './WaysFields.tsx'
import { blankZone, change, changesCodes, creation, type Fields, fieldsOf, loginKinds, zoneFaults } from './zone.ts'

type Props = { zone?: Zone; kind: Zone['kind']; close: () => void; made?: (zone: Zone) => void }

const shown = Object.keys(blankZone)

export function ZoneForm({ zone, kind, close, made }: Props) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const { ask, question } = useMeant(t('web.zone.retire', { name: zone?.name ?? '' }), t('web.rolls.retire.change'))
  const before = zone ? fieldsOf(zone) : blankZone

  const add = (f: Fields) =>
    api.post('/api/v1/sites/{site}/zones', { path: { site: site.id }, body: creation(f, kind, offer.proposal) })
  const alter = async (z: Zone, f: Fields) => {
    const path = { site: site.id, zone: z.id }
    const body = change(f, before, offer.proposal)
    const impact = changesCodes(f, before) && (await api.post('/api/v1/sites/{site}/zones/{zone}/preview', { path, body }))
    const meant = impact && impact.rolls > 0 ? await ask(impact) : {}
    return api.patch('/api/v1/sites/{site}/zones/{zone}', { path, body: { ...body, ...meant } })
  }
  const form = useForm<Fields>(
    before,
    async (f) => {
      const saved = await (zone ? alter(zone, f) : add(f))
      await readAgain(client, site.id)
      close()
      made?.(saved)
    },
    (f) => zoneFaults(f, kind, zone, t),
  )
  const { value, set, fault } = form
  const fresh = kind === 'compatible' && (value.keys === '32' || value.keys === '64')
  const offer = useProposal(fresh ? Number(value.keys) : null)

  if (question) return question
  return (
    <FormDialog
      title={zone ? t('web.zone.change', { name: zone.name }) : t(`web.zone.add.${kind}`)}
      form={form}
      shown={shown}
      action={zone ? undefined : t('web.zone.make')}
      close={close}
    >
      <TextInput
        label={t('web.settings.name')}
        description={t('web.zone.name.text')}
        data-autofocus
        value={value.name}
        onChange={(e) => set({ name: e.currentTarget.value })}
        error={fault('name')}
      />
      {kind === 'compatible' && <SeriesFields form={form} zone={zone} offer={offer} />}
      <WaysFields value={value.ways} onChange={(ways) => set({ ways })} error={fault('ways')} />
      <NativeSelect
        label={t('web.zone.logins')}
        description={t(`web.zone.logins.${value.logins}.text`)}
        value={value.logins}
        onChange={(e) => set({ logins: e.currentTarget.value as Fields['logins'] })}
        data={loginKinds.map((k) => ({ value: k, label: t(`web.zone.logins.${k}`) }))}
        error={fault('logins')}
      />
      <div className={page.pair}>
        <TextInput
          label={t('web.zone.invalid')}
          description={t('web.zone.invalid.text')}
          placeholder={t('web.zone.message.usual')}
          value={value.invalid_message}
          onChange={(e) => set({ invalid_message: e.currentTarget.value })}
          error={fault('invalid_message')}
        />
        <TextInput
          label={t('web.zone.expired')}
          description={t('web.zone.expired.text')}
          placeholder={t('web.zone.message.usual')}
          value={value.expired_message}
          onChange={(e) => set({ expired_message: e.currentTarget.value })}
          error={fault('expired_message')}
        />
      </div>
      <LoginPage form={form} />
    </FormDialog>
  )
}

/** Where the portal page sends a guest whose code is good: most networks want it in a form of their own. */
function LoginPage({ form: { value, set, fault } }: { form: ReturnType<typeof useForm<Fields>> }) {
  const { t } = useText()
  return (
    <>
      <TextInput
        label={t('web.zone.login')}
        description={t('web.zone.login.text')}
        placeholder="http://10.0.0.1/login"
        inputMode="url"
        autoComplete="off"
        value={value.login_url}
        onChange={(e) => set({ login_url: e.currentTarget.value })}
        error={fault('login_url')}
      />
      {value.login_url && (
        <div className={page.pair}>
          <TextInput
            label={t('web.zone.login.user')}
            placeholder="username"
            autoComplete="off"
            value={value.login_user_field}
            onChange={(e) => set({ login_user_field: e.currentTarget.value })}
            error={fault('login_user_field')}
          />
          <TextInput
            label={t('web.zone.login.password')}
            placeholder="password"
            autoComplete="off"
            value={value.login_password_field}
            onChange={(e) => set({ login_password_field: e.currentTarget.value })}
            error={fault('login_password_field')}
          />
        </div>
      )}
    </>
  )
}
