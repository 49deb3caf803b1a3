import { NativeSelect, PasswordInput, Radio, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { loginQuery } from '../../api/queries.ts'
import { useToast } from '../../look/Toasts.tsx'
import { useSite } from '../../site.tsx'
import { languageNames, languages } from '../../text/text.ts'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { FormDialog } from '../kit/Form.tsx'
import classes from '../kit/Page.module.css'
import { SitesField } from '../kit/SitesField.tsx'
import { useForm } from '../kit/useForm.ts'
import { rolesQuery, type User } from './queries.ts'

type Props = { user?: User; close: () => void; done: () => Promise<void> }

/** Adds somebody, or changes who they are and what they may do. */
export function UserDialog({ user, close, done }: Props) {
  const { t } = useText()
  const site = useSite()
  const { me } = useMe()
  const toast = useToast()
  const { data: roles = [] } = useQuery(rolesQuery)
  const { data: ways } = useQuery(loginQuery)
  const mail = ways?.mail ?? true
  const form = useForm(
    {
      email: user?.email ?? '',
      name: user?.name ?? '',
      role: user?.role ?? 'reception',
      reach: user
        ? { all_sites: user.all_sites, sites: user.sites ?? [] }
        : { all_sites: me?.all_sites ?? false, sites: [site.id] },
      language: user?.language ?? '',
      how: user ? 'keep' : mail ? 'link' : 'password',
      password: '',
    },
    async (f) => {
      const body = {
        email: f.email.trim(),
        name: f.name.trim(),
        role: f.role,
        language: f.language,
        ...(f.reach.all_sites ? {} : { sites: f.reach.sites }),
        ...(f.how === 'password' ? { password: f.password } : {}),
      }
      if (user) {
        const all = f.reach.all_sites ? { all_sites: true } : {}
        await api.patch('/api/v1/users/{user}', { path: { user: user.id }, body: { ...body, ...all } })
      } else {
        await api.post('/api/v1/users', { body })
      }
      await done()
      toast({ text: f.how === 'link' ? t('web.users.invited', { email: body.email }) : t('web.settings.saved') })
      close()
    },
    (f) => ({
      email: /^[^\s@]+@[^\s@]+$/.test(f.email.trim()) ? undefined : t('web.fault.email'),
      sites: f.reach.all_sites || f.reach.sites.length > 0 ? undefined : t('web.users.fault.sites'),
      password: f.how !== 'password' || f.password.length >= 12 ? undefined : t('web.reset.rule'),
    }),
  )
  const { value, set, fault } = form
  const shown = roles.filter((r) => r.grantable || r.name === user?.role)
  return (
    <FormDialog
      title={user ? t('web.users.change', { name: user.name || user.email }) : t('web.users.add')}
      form={form}
      shown={['email', 'name', 'role', 'sites', 'language', 'password']}
      action={user ? undefined : t('web.users.add')}
      close={close}
    >
      <div className={classes.pair}>
        <TextInput
          label={t('web.signin.email')}
          type="email"
          data-autofocus
          autoComplete="off"
          value={value.email}
          onChange={(e) => set({ email: e.currentTarget.value })}
          error={fault('email')}
        />
        <TextInput
          label={t('web.settings.name')}
          autoComplete="off"
          value={value.name}
          onChange={(e) => set({ name: e.currentTarget.value })}
          error={fault('name')}
        />
        <NativeSelect
          label={t('web.users.role')}
          description={t.known(`web.role.${value.role}.text`, '')}
          value={value.role}
          onChange={(e) => set({ role: e.currentTarget.value })}
          data={shown.map((r) => ({ value: r.name, label: t.known(`web.role.${r.name}`, r.name) }))}
          error={fault('role')}
        />
        <NativeSelect
          label={t('web.language')}
          value={value.language}
          onChange={(e) => set({ language: e.currentTarget.value })}
          data={[
            { value: '', label: t('web.users.language.own') },
            ...languages.map((l) => ({ value: l, label: languageNames[l] })),
          ]}
        />
      </div>
      <SitesField value={value.reach} onChange={(reach) => set({ reach })} error={fault('sites')} />
      <Radio.Group label={t('web.users.how')} value={value.how} onChange={(how) => set({ how })}>
        <Stack gap="xs" pt={4}>
          {user && <Radio value="keep" label={t('web.users.how.keep')} />}
          {!user && mail && <Radio value="link" label={t('web.users.how.link')} />}
          {!user && !mail && ways?.sign_on && (
            <Radio value="elsewhere" label={t('web.users.how.elsewhere', { name: ways.sign_on })} />
          )}
          <Radio
            value="password"
            label={t('web.users.how.password')}
            description={!user && !mail && t('web.users.how.nomail')}
          />
        </Stack>
      </Radio.Group>
      {value.how === 'password' && (
        <PasswordInput
          label={t('web.signin.password')}
          description={t('web.reset.rule')}
          autoComplete="new-password"
          value={value.password}
          onChange={(e) => set({ password: e.currentTarget.value })}
          error={fault('password')}
          visibilityToggleButtonProps={{ 'aria-label': t('web.signin.show'), tabIndex: 0 }}
        />
      )}
      {user && <p className="dimmed">{t('web.users.change.text')}</p>}
    </FormDialog>
  )
}
