import { NativeSelect, PasswordInput, Textarea, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { nasesQuery } from '../api/queries.ts'
import { zonesQuery } from '../rolls/queries.ts'
import { FormDialog } from '../settings/kit/Form.tsx'
import page from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { blankPortal, type Fields, fieldsOf, hasController, portalFaults, request } from './portal.ts'
import { type Portal, readPortals, templatesQuery, type Vendor, vendorsQuery } from './queries.ts'

type Props = { portal?: Portal; close: () => void; made?: (p: Portal) => void }
type PortalFormState = ReturnType<typeof useForm<Fields>>

const shown = ['name', 'vendor', 'template_id', 'nas_id', 'zone_id', 'settings']

/** Makes a portal, or changes one: what is asked is what the vendor needs. */
export function PortalForm({ portal, close, made }: Props) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const client = useQueryClient()
  const { data: vendors = [] } = useQuery(vendorsQuery)
  const { data: templates = [] } = useQuery(templatesQuery)
  const { data: nases = [] } = useQuery({ ...nasesQuery(site.id), enabled: can('nases.read') })
  const { data: zones = [] } = useQuery({ ...zonesQuery(site.id), enabled: can('rolls.read') })
  const of = (f: Fields) => vendors.find((v) => v.vendor === f.vendor)
  const form = useForm<Fields>(
    portal ? fieldsOf(portal) : blankPortal(templates[0]?.id ?? ''),
    async (f) => {
      const body = request(f, of(f))
      const path = { site: site.id }
      const saved = portal
        ? await api.patch('/api/v1/sites/{site}/portals/{portal}', { path: { ...path, portal: portal.id }, body })
        : await api.post('/api/v1/sites/{site}/portals', { path, body })
      await readPortals(client)
      close()
      made?.(saved)
    },
    (f) => portalFaults(f, of(f), portal, t),
  )
  const { value, set, fault } = form
  const vendor = of(value)
  return (
    <FormDialog
      title={portal ? t('web.guests.portal.change', { name: portal.name }) : t('web.guests.portal.add')}
      form={form}
      shown={shown}
      action={portal ? undefined : t('web.guests.add')}
      close={close}
    >
      <TextInput
        label={t('web.settings.name')}
        description={t('web.guests.portal.name.text')}
        data-autofocus
        value={value.name}
        onChange={(e) => set({ name: e.currentTarget.value })}
        error={fault('name')}
      />
      <div className={page.pair}>
        <NativeSelect
          label={t('web.guests.vendor')}
          value={value.vendor}
          onChange={(e) => set({ vendor: e.currentTarget.value })}
          data={[
            { value: '', label: t('web.guests.vendor.choose') },
            ...vendors.map((v) => ({ value: v.vendor, label: t.known(`web.guests.vendor.${v.vendor}`, v.vendor) })),
          ]}
          error={fault('vendor')}
        />
        <NativeSelect
          label={t('web.guests.template')}
          value={value.template_id}
          onChange={(e) => set({ template_id: e.currentTarget.value })}
          data={templates.map((x) => ({ value: x.id, label: x.name }))}
          error={fault('template_id')}
        />
      </div>
      {vendor && <Needs form={form} vendor={vendor} portal={portal} />}
      {vendor?.caps.radius && nases.length > 0 && (
        <NativeSelect
          label={t('web.guests.portal.nas')}
          description={t('web.guests.portal.nas.text')}
          value={value.nas_id}
          onChange={(e) => set({ nas_id: e.currentTarget.value })}
          data={[
            { value: '', label: t('web.guests.portal.nas.any') },
            ...nases.map((n) => ({ value: n.id, label: n.name })),
          ]}
          error={fault('nas_id')}
        />
      )}
      {zones.length > 0 && (
        <NativeSelect
          label={t('web.guests.portal.zone')}
          description={t('web.guests.portal.zone.text')}
          value={value.zone_id}
          onChange={(e) => set({ zone_id: e.currentTarget.value })}
          data={[
            { value: '', label: t('web.guests.portal.zone.none') },
            ...zones.map((z) => ({ value: z.id, label: z.name })),
          ]}
          error={fault('zone_id')}
        />
      )}
      {vendor && <Names form={form} />}
    </FormDialog>
  )
}

function Needs({ form: { value, set, fault }, vendor, portal }: { form: PortalFormState; vendor: Vendor; portal?: Portal }) {
  const { t } = useText()
  const needs = (what: string) => vendor.needs.includes(what)
  const kept = portal?.vendor === vendor.vendor ? portal : undefined
  const secret = (name: 'secret' | 'key', has: boolean | undefined) => (
    <PasswordInput
      label={t(`web.guests.portal.${name}`)}
      description={has ? t('web.guests.portal.kept') : t(`web.guests.portal.${name}.text`)}
      autoComplete="new-password"
      visibilityToggleButtonProps={{ 'aria-label': t('web.signin.show') }}
      value={value[name]}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
      error={fault(`settings.${name}`) ?? fault(name)}
    />
  )
  const text = (name: 'controller' | 'fingerprint' | 'site', placeholder?: string) => (
    <TextInput
      label={t(`web.guests.portal.${name}`)}
      description={t(`web.guests.portal.${name}.text`)}
      placeholder={placeholder}
      autoComplete="off"
      spellCheck={false}
      value={value[name]}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
      error={fault(`settings.${name}`)}
    />
  )
  return (
    <>
      {!hasController(vendor) && (
        <Textarea
          label={t('web.guests.portal.hosts')}
          description={t(needs('hosts') ? 'web.guests.portal.hosts.text' : 'web.guests.portal.hosts.more')}
          autosize
          minRows={needs('hosts') ? 2 : 1}
          spellCheck={false}
          value={value.hosts}
          onChange={(e) => set({ hosts: e.currentTarget.value })}
          error={fault('settings.hosts')}
        />
      )}
      {hasController(vendor) && text('controller', 'https://')}
      {hasController(vendor) && text('fingerprint')}
      {needs('site') && text('site')}
      {needs('level') && (
        <NativeSelect
          label={t('web.guests.portal.level')}
          description={t('web.guests.portal.level.text')}
          value={value.level}
          onChange={(e) => set({ level: e.currentTarget.value })}
          data={['3', '4', '2', '1'].map((l) => ({ value: l, label: t('web.guests.portal.level.of', { level: l }) }))}
          error={fault('settings.level')}
        />
      )}
      {needs('secret') && secret('secret', kept?.has_secret)}
      {needs('key') && secret('key', kept?.has_key)}
    </>
  )
}

/** For devices on which somebody named things otherwise. */
function Names({ form: { value, set, fault } }: { form: PortalFormState }) {
  const { t } = useText()
  return (
    <details open={Boolean(value.names) || undefined}>
      <summary>{t('web.guests.portal.names')}</summary>
      <Textarea
        mt="xs"
        aria-label={t('web.guests.portal.names')}
        description={t('web.guests.portal.names.text')}
        placeholder="client_mac = mac"
        autosize
        minRows={2}
        spellCheck={false}
        value={value.names}
        onChange={(e) => set({ names: e.currentTarget.value })}
        error={fault('settings.names')}
      />
    </details>
  )
}
