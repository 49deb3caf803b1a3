import { Checkbox, Input, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { FormDialog } from '../kit/Form.tsx'
import pageClasses from '../kit/Page.module.css'
import { SitesField } from '../kit/SitesField.tsx'
import { useForm } from '../kit/useForm.ts'
import classes from './People.module.css'
import { permissionGroups } from './permissions.ts'
import { rolesQuery, type Token } from './queries.ts'

const days = ['30', '90', '365', ''] as const
const day = 86_400_000

type Props = { close: () => void; done: (made: { token: Token; secret: string }) => void }

/** Makes a token with at most what its maker may. */
export function TokenDialog({ close, done }: Props) {
  const { t } = useText()
  const site = useSite()
  const { me } = useMe()
  const { data: roles = [] } = useQuery(rolesQuery)
  const mine = me?.permissions ?? []
  const form = useForm(
    {
      name: '',
      permissions: [] as string[],
      reach: { all_sites: false, sites: [site.id] },
      days: '90',
    },
    async (f) => {
      const body = {
        name: f.name.trim(),
        permissions: f.permissions,
        ...(f.reach.all_sites ? {} : { sites: f.reach.sites }),
        ...(f.days ? { expires_at: new Date(Date.now() + Number(f.days) * day).toISOString() } : {}),
      }
      done(await api.post('/api/v1/tokens', { body }))
    },
    (f) => ({
      name: f.name.trim() ? undefined : t('web.settings.fault.name'),
      permissions: f.permissions.length > 0 ? undefined : t('web.tokens.fault.permissions'),
      sites: f.reach.all_sites || f.reach.sites.length > 0 ? undefined : t('web.users.fault.sites'),
    }),
  )
  const { value, set, fault } = form
  return (
    <FormDialog
      title={t('web.tokens.add')}
      form={form}
      shown={['name', 'permissions', 'sites']}
      action={t('web.tokens.make')}
      close={close}
    >
      <div className={pageClasses.pair}>
        <TextInput
          label={t('web.settings.name')}
          description={t('web.tokens.name.text')}
          data-autofocus
          value={value.name}
          onChange={(e) => set({ name: e.currentTarget.value })}
          error={fault('name')}
        />
        <NativeSelect
          label={t('web.tokens.days')}
          value={value.days}
          onChange={(e) => set({ days: e.currentTarget.value })}
          data={days.map((d) => ({ value: d, label: d ? t('web.tokens.days.some', { days: d }) : t('web.tokens.days.none') }))}
        />
        <NativeSelect
          label={t('web.tokens.as')}
          value=""
          onChange={(e) => {
            const role = roles.find((r) => r.name === e.currentTarget.value)
            if (role) set({ permissions: role.permissions.filter((p) => mine.includes(p)) })
          }}
          data={[
            { value: '', label: t('web.tokens.as.choose') },
            ...roles.map((r) => ({ value: r.name, label: t.known(`web.role.${r.name}`, r.name) })),
          ]}
        />
      </div>
      <Input.Wrapper label={t('web.tokens.may')} labelElement="div" error={fault('permissions')}>
        <Checkbox.Group
          aria-label={t('web.tokens.may')}
          value={value.permissions}
          onChange={(permissions) => set({ permissions })}
        >
          {permissionGroups(mine).map(([group, permissions]) => (
            <div key={group} className={classes.group}>
              <div className="dimmed">{t.known(`web.permissions.${group}`, group)}</div>
              <div className={pageClasses.choices}>
                {permissions.map((p) => (
                  <Checkbox key={p} value={p} label={t.known(`web.permission.${p}`, p)} />
                ))}
              </div>
            </div>
          ))}
        </Checkbox.Group>
      </Input.Wrapper>
      <SitesField value={value.reach} onChange={(reach) => set({ reach })} error={fault('sites')} />
    </FormDialog>
  )
}
