import { Select, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import { sitesQuery } from '../api/queries.ts'
import page from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { zones } from '../settings/site/zones.ts'
import { useText } from '../text/useText.tsx'
import { StepForm } from './StepForm.tsx'

/** The first site; its time zone is this browser's unless somebody says otherwise. */
export function SiteStep() {
  const { t } = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const form = useForm(
    { name: '', timezone: zone, address: '' },
    async (body) => {
      const made = await api.post('/api/v1/sites', { body })
      client.setQueryData(sitesQuery.queryKey, (all) => [...(all ?? []), made])
      await navigate({ to: '/setup', search: { site: made.id }, replace: true })
    },
    (f) => ({ name: f.name.trim() ? undefined : t('web.settings.fault.name') }),
  )
  const { value, set, fault } = form
  return (
    <StepForm form={form} shown={['name', 'timezone', 'address']} action={t('web.setup.site.make')}>
      <div className={page.pair}>
        <TextInput
          label={t('web.settings.name')}
          description={t('web.setup.site.name')}
          data-autofocus
          value={value.name}
          onChange={(e) => set({ name: e.currentTarget.value })}
          error={fault('name')}
        />
        <Select
          label={t('web.site.timezone')}
          description={t('web.setup.site.zone')}
          searchable
          allowDeselect={false}
          data={zones(zone)}
          value={value.timezone}
          onChange={(timezone) => set({ timezone: timezone ?? zone })}
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
    </StepForm>
  )
}
