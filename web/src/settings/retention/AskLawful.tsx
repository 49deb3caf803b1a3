import { NativeSelect, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { sitesQuery } from '../../api/queries.ts'
import { ZoneNote } from '../../dialog/ZoneNote.tsx'
import { useToast } from '../../look/Toasts.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { fromField } from '../../time.ts'
import { useMe } from '../../useMe.ts'
import { FormDialog } from '../kit/Form.tsx'
import classes from '../kit/Page.module.css'
import { useForm } from '../kit/useForm.ts'
import { lawfulQuery } from './queries.ts'

/** Puts an authority's question. Another member of staff decides on it. */
export function AskLawful({ close }: { close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const { me } = useMe()
  const client = useQueryClient()
  const toast = useToast()
  const { data: sites = [] } = useQuery(sitesQuery)
  const form = useForm(
    { site_id: site.id, sort: 'ip', ip: '', mac: '', at: '', reference: '' },
    async (f) => {
      const body = {
        at: fromField(f.at, site.timezone) ?? '',
        reference: f.reference.trim(),
        ...(f.site_id ? { site_id: f.site_id } : {}),
        ...(f.sort === 'ip' ? { ip: f.ip.trim() } : { mac: f.mac.trim() }),
      }
      await api.post('/api/v1/lawful-requests', { body })
      await client.invalidateQueries({ queryKey: lawfulQuery.queryKey })
      toast({ text: t('web.lawful.asked') })
      close()
    },
    (f) => ({
      at: fromField(f.at, site.timezone) ? undefined : t('web.fault.time'),
      reference: f.reference.trim() ? undefined : t('web.lawful.fault.reference'),
      ip: f.sort !== 'ip' || f.ip.trim() ? undefined : t('web.lawful.fault.address'),
      mac: f.sort !== 'mac' || f.mac.trim() ? undefined : t('web.lawful.fault.address'),
    }),
  )
  const { value, set, fault } = form
  return (
    <FormDialog
      title={t('web.lawful.ask')}
      form={form}
      shown={['ip', 'mac', 'at', 'reference', 'site_id']}
      action={t('web.lawful.put')}
      close={close}
    >
      <p className="dimmed">{t('web.lawful.ask.text')}</p>
      <TextInput
        label={t('web.lawful.reference')}
        description={t('web.lawful.reference.text')}
        data-autofocus
        value={value.reference}
        onChange={(e) => set({ reference: e.currentTarget.value })}
        error={fault('reference')}
      />
      <div className={classes.pair}>
        <NativeSelect
          label={t('web.lawful.sort')}
          value={value.sort}
          onChange={(e) => set({ sort: e.currentTarget.value })}
          data={[
            { value: 'ip', label: t('web.lawful.ip') },
            { value: 'mac', label: t('web.lawful.mac') },
          ]}
        />
        {value.sort === 'ip' ? (
          <TextInput
            label={t('web.lawful.ip')}
            value={value.ip}
            onChange={(e) => set({ ip: e.currentTarget.value })}
            error={fault('ip')}
          />
        ) : (
          <TextInput
            label={t('web.lawful.mac')}
            value={value.mac}
            onChange={(e) => set({ mac: e.currentTarget.value })}
            error={fault('mac')}
          />
        )}
        <TextInput
          type="datetime-local"
          label={t('web.lawful.at')}
          value={value.at}
          onChange={(e) => set({ at: e.currentTarget.value })}
          error={fault('at')}
        />
        <NativeSelect
          label={t('web.lawful.where')}
          value={value.site_id}
          onChange={(e) => set({ site_id: e.currentTarget.value })}
          data={[
            ...sites.map((s) => ({ value: s.id, label: s.name })),
            ...(me?.all_sites ? [{ value: '', label: t('web.lawful.anywhere') }] : []),
          ]}
          error={fault('site_id')}
        />
      </div>
      <ZoneNote />
    </FormDialog>
  )
}
