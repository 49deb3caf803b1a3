import { Button, Select, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { sitesQuery } from '../../api/queries.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { FormDialog } from '../kit/Form.tsx'
import { Part } from '../kit/Page.tsx'
import { useForm } from '../kit/useForm.ts'
import { zones } from './zones.ts'

/** Ends the use of a site. There is no way back. */
export function Archive() {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [asking, setAsking] = useState(false)
  return (
    <Part title={t('web.site.archive')} text={t('web.site.archive.text')}>
      <div>
        <Button variant="default" c="var(--bad)" onClick={() => setAsking(true)}>
          {t('web.site.archive.action')}
        </Button>
      </div>
      {asking && (
        <Confirm
          title={t('web.site.archive.ask', { site: site.name })}
          action={t('web.site.archive.action')}
          waiting={t('web.waiting')}
          danger
          close={() => setAsking(false)}
          act={async () => {
            await api.post('/api/v1/sites/{site}/archive', { path: { site: site.id } })
            await client.invalidateQueries({ queryKey: sitesQuery.queryKey })
            setAsking(false)
            await navigate({ to: '/' })
          }}
        >
          {t('web.site.archive.sure')}
        </Confirm>
      )}
    </Part>
  )
}

/** A further site; the rest of its settings follows on its own pages. */
export function AddSite({ close }: { close: () => void }) {
  const { t } = useText()
  const client = useQueryClient()
  const navigate = useNavigate()
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone
  const form = useForm(
    { name: '', timezone: here },
    async (body) => {
      const made = await api.post('/api/v1/sites', { body })
      client.setQueryData(sitesQuery.queryKey, (all) => all && [...all, made])
      close()
      await navigate({ to: '/sites/$site/settings/site', params: { site: made.id } })
    },
    (f) => ({ name: f.name.trim() ? undefined : t('web.settings.fault.name') }),
  )
  const { value, set, fault } = form
  return (
    <FormDialog title={t('web.site.new')} form={form} shown={['name', 'timezone']} action={t('web.settings.add')} close={close}>
      <TextInput
        label={t('web.settings.name')}
        data-autofocus
        value={value.name}
        onChange={(e) => set({ name: e.currentTarget.value })}
        error={fault('name')}
      />
      <Select
        label={t('web.site.timezone')}
        searchable
        allowDeselect={false}
        data={zones(here)}
        value={value.timezone}
        onChange={(timezone) => set({ timezone: timezone ?? here })}
        error={fault('timezone')}
        nothingFoundMessage={t('web.site.timezone.none')}
      />
    </FormDialog>
  )
}
