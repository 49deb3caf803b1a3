import { NativeSelect, PasswordInput, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { useText } from '../../text/useText.tsx'
import { FormDialog } from '../kit/Form.tsx'
import classes from '../kit/Page.module.css'
import { useForm } from '../kit/useForm.ts'
import { type Account, accountsQuery, type Kind, kindNames, needs } from './queries.ts'

const settingNames = ['token_url', 'version', 'visit_field', 'visitor_field'] as const

/** Adds an account, or changes it. Credentials are written, never read. */
export function AccountDialog({ account, close }: { account?: Account; close: () => void }) {
  const { t } = useText()
  const client = useQueryClient()
  const form = useForm(
    {
      name: account?.name ?? '',
      kind: account?.kind ?? ('hubspot' as Kind),
      settings: { base_url: '', tenant: '', token_url: '', version: '', visit_field: '', visitor_field: '', ...account?.settings },
      credentials: { token: '', client_id: '', client_secret: '' },
    },
    async (f) => {
      const filled = (o: Record<string, string>) =>
        Object.fromEntries(Object.entries(o).flatMap(([k, v]) => (v.trim() ? [[k, v.trim()]] : [])))
      const credentials = filled(f.credentials)
      const body = { name: f.name.trim(), settings: filled(f.settings) }
      if (account) {
        const typed = Object.keys(credentials).length > 0 ? { credentials } : {}
        await api.patch('/api/v1/crm/accounts/{account}', { path: { account: account.id }, body: { ...body, ...typed } })
      } else {
        await api.post('/api/v1/crm/accounts', { body: { ...body, kind: f.kind, credentials } })
      }
      await client.invalidateQueries({ queryKey: accountsQuery.queryKey })
      close()
    },
    (f) => ({ name: f.name.trim() ? undefined : t('web.settings.fault.name') }),
  )
  const { value, set, fault } = form
  const need = needs[value.kind]
  const setting = (name: keyof typeof value.settings, extra = {}) => (
    <TextInput
      key={name}
      label={t(`web.crmpage.setting.${name}`)}
      value={value.settings[name]}
      onChange={(e) => set({ settings: { ...value.settings, [name]: e.currentTarget.value } })}
      error={fault(`settings.${name}`)}
      {...extra}
    />
  )
  const credential = (name: keyof typeof value.credentials) => (
    <PasswordInput
      key={name}
      label={t(`web.crmpage.credential.${name}`)}
      description={account ? t('web.crmpage.kept') : undefined}
      autoComplete="off"
      value={value.credentials[name]}
      onChange={(e) => set({ credentials: { ...value.credentials, [name]: e.currentTarget.value } })}
      error={fault(`credentials.${name}`)}
      visibilityToggleButtonProps={{ 'aria-label': t('web.crmpage.show'), tabIndex: 0 }}
    />
  )
  const shown = [
    'name',
    'kind',
    ...settingNames.map((n) => `settings.${n}`),
    ...(need.address ? ['settings.base_url'] : []),
    ...(need.tenant ? ['settings.tenant'] : []),
    ...(need.token ? ['credentials.token'] : []),
    ...(need.client ? ['credentials.client_id', 'credentials.client_secret'] : []),
  ]
  return (
    <FormDialog
      title={account ? t('web.crmpage.change', { name: account.name }) : t('web.crmpage.add')}
      form={form}
      shown={shown}
      close={close}
    >
      <div className={classes.pair}>
        <TextInput
          label={t('web.settings.name')}
          data-autofocus
          value={value.name}
          onChange={(e) => set({ name: e.currentTarget.value })}
          error={fault('name')}
        />
        <NativeSelect
          label={t('web.crmpage.kind')}
          disabled={Boolean(account)}
          value={value.kind}
          onChange={(e) => set({ kind: e.currentTarget.value as Kind })}
          data={Object.entries(kindNames).map(([k, label]) => ({ value: k, label }))}
          error={fault('kind')}
        />
        {need.address && setting('base_url', { type: 'url', placeholder: 'https://' })}
        {need.tenant && setting('tenant')}
        {need.token && credential('token')}
        {need.client && credential('client_id')}
        {need.client && credential('client_secret')}
      </div>
      <details>
        <summary>{t('web.crmpage.advanced')}</summary>
        <div className={classes.pair}>{settingNames.map((n) => setting(n))}</div>
      </details>
    </FormDialog>
  )
}
