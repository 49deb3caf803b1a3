import { Checkbox, NativeSelect } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'
import { useToast } from '../../look/Toasts.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Form } from '../kit/Form.tsx'
import { Part } from '../kit/Page.tsx'
import classes from '../kit/Page.module.css'
import { useForm } from '../kit/useForm.ts'
import { type Account, kindNames, siteCRMQuery } from './queries.ts'

type Own = components['schemas']['SiteCRM']

const fields = ['first_name', 'last_name', 'phone', 'company', 'host', 'purpose', 'location'] as const

/** Which account this site's visits go to, and what of them. */
export function SiteCRMForm({ own, accounts }: { own: Own; accounts: Account[] }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const client = useQueryClient()
  const toast = useToast()
  const form = useForm({ account_id: own.account_id ?? '', fields: own.fields as string[] }, async (f) => {
    const path = { site: site.id }
    if (f.account_id) await api.put('/api/v1/sites/{site}/crm', { path, body: f })
    else await api.delete('/api/v1/sites/{site}/crm', { path })
    await client.invalidateQueries({ queryKey: siteCRMQuery(site.id).queryKey })
    toast({ text: t('web.settings.saved') })
  })
  const { value, set, fault } = form
  const here = accounts.find((a) => a.id === own.account_id)
  if (!can('crm.write')) {
    return (
      <Part
        title={t('web.crmpage.site', { site: site.name })}
        text={here ? t('web.crmpage.site.goes', { name: here.name }) : t('web.crmpage.site.stay')}
      />
    )
  }
  return (
    <Part title={t('web.crmpage.site', { site: site.name })} text={t('web.crmpage.site.text')}>
      <Form form={form} shown={['account_id', 'fields']}>
        <NativeSelect
          label={t('web.crmpage.site.account')}
          value={value.account_id}
          onChange={(e) => set({ account_id: e.currentTarget.value })}
          data={[
            { value: '', label: t('web.crmpage.site.none') },
            ...accounts.map((a) => ({ value: a.id, label: `${a.name} (${kindNames[a.kind]})` })),
          ]}
          error={fault('account_id')}
        />
        {value.account_id && (
          <Checkbox.Group
            label={t('web.crmpage.site.fields')}
            description={t('web.crmpage.site.fields.text')}
            value={value.fields}
            onChange={(chosen) => set({ fields: chosen })}
            error={fault('fields')}
          >
            <div className={classes.choices}>
              {fields.map((f) => (
                <Checkbox key={f} value={f} label={t(`web.crmpage.field.${f}`)} />
              ))}
            </div>
          </Checkbox.Group>
        )}
      </Form>
    </Part>
  )
}
