import { Checkbox, Input, Radio, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { FormDialog } from '../kit/Form.tsx'
import classes from '../kit/Page.module.css'
import { SitesField } from '../kit/SitesField.tsx'
import { useForm } from '../kit/useForm.ts'
import { kinds, type Webhook, webhooksQuery } from './queries.ts'

type Props = { webhook?: Webhook; close: () => void; made?: (m: { webhook: Webhook; secret: string }) => void }

/** Adds a webhook, or changes what it is told and where. */
export function WebhookDialog({ webhook, close, made }: Props) {
  const { t } = useText()
  const site = useSite()
  const { me, can } = useMe()
  const client = useQueryClient()
  const form = useForm(
    {
      name: webhook?.name ?? '',
      url: webhook?.url ?? 'https://',
      reach: webhook
        ? { all_sites: webhook.all_sites, sites: webhook.sites ?? [] }
        : { all_sites: me?.all_sites ?? false, sites: [site.id] },
      some: (webhook?.kinds.length ?? 0) > 0,
      kinds: (webhook?.kinds ?? []) as string[],
      payload: webhook?.payload ?? ('thin' as const),
    },
    async (f) => {
      const body = {
        name: f.name.trim(),
        url: f.url.trim(),
        payload: f.payload,
        kinds: f.some ? f.kinds : [],
        ...(f.reach.all_sites ? {} : { sites: f.reach.sites }),
      }
      if (webhook) {
        const all = f.reach.all_sites ? { all_sites: true } : {}
        await api.patch('/api/v1/webhooks/{webhook}', { path: { webhook: webhook.id }, body: { ...body, ...all } })
      } else {
        made?.(await api.post('/api/v1/webhooks', { body }))
      }
      await client.invalidateQueries({ queryKey: webhooksQuery.queryKey })
      if (webhook) close()
    },
    (f) => ({
      name: f.name.trim() ? undefined : t('web.settings.fault.name'),
      url: URL.canParse(f.url.trim()) ? undefined : t('web.webhooks.fault.url'),
      kinds: !f.some || f.kinds.length > 0 ? undefined : t('web.webhooks.fault.kinds'),
      sites: f.reach.all_sites || f.reach.sites.length > 0 ? undefined : t('web.users.fault.sites'),
    }),
  )
  const { value, set, fault } = form
  return (
    <FormDialog
      title={webhook ? t('web.webhooks.change', { name: webhook.name }) : t('web.webhooks.add')}
      form={form}
      shown={['name', 'url', 'kinds', 'sites', 'payload']}
      action={webhook ? undefined : t('web.webhooks.add')}
      close={close}
    >
      <TextInput
        label={t('web.settings.name')}
        data-autofocus
        value={value.name}
        onChange={(e) => set({ name: e.currentTarget.value })}
        error={fault('name')}
      />
      <TextInput
        label={t('web.webhooks.url')}
        description={t('web.webhooks.url.text')}
        type="url"
        value={value.url}
        onChange={(e) => set({ url: e.currentTarget.value })}
        error={fault('url')}
      />
      <SitesField value={value.reach} onChange={(reach) => set({ reach })} error={fault('sites')} />
      <Radio.Group
        label={t('web.webhooks.events')}
        value={value.some ? 'some' : 'all'}
        onChange={(v) => set({ some: v === 'some' })}
        error={fault('kinds')}
      >
        <Stack gap="xs" pt={4}>
          <Radio value="all" label={t('web.webhooks.all.long')} />
          <Radio value="some" label={t('web.webhooks.some')} />
        </Stack>
      </Radio.Group>
      {value.some && (
        <Checkbox.Group
          aria-label={t('web.webhooks.some')}
          value={value.kinds}
          onChange={(chosen) => set({ kinds: chosen })}
        >
          <div className={classes.choices}>
            {kinds.map((k) => (
              <Checkbox key={k} value={k} label={t.known(`web.event.${k}`, k)} description={k} />
            ))}
          </div>
        </Checkbox.Group>
      )}
      <Input.Wrapper label={t('web.webhooks.payload')} labelElement="div" error={fault('payload')}>
        <Checkbox
          py={4}
          label={t('web.webhooks.full')}
          description={t('web.webhooks.full.text')}
          disabled={!can('visits.read')}
          checked={value.payload === 'full'}
          onChange={(e) => set({ payload: e.currentTarget.checked ? 'full' : 'thin' })}
        />
      </Input.Wrapper>
    </FormDialog>
  )
}
