import { Checkbox, Input, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'
import { useToast } from '../../look/Toasts.tsx'
import { useSite } from '../../site.tsx'
import { languageNames, languages } from '../../text/text.ts'
import { useText } from '../../text/useText.tsx'
import { Form } from '../kit/Form.tsx'
import { Part } from '../kit/Page.tsx'
import classes from '../kit/Page.module.css'
import { useForm } from '../kit/useForm.ts'
import { addresses } from './addresses.ts'
import { mailQuery } from './MailPage.tsx'

type Settings = components['schemas']['MailSettings']

const audiences = {
  visitor: ['invitation', 'changed', 'cancelled', 'credentials', 'leaving_soon'],
  host: ['arrival', 'leaving_soon_host'],
  operator: ['termination_failed', 'agent_offline', 'webhook_disabled', 'presence_overdue', 'crm_needs_attention'],
} as const

export function MailForm({ settings }: { settings: Settings }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const toast = useToast()
  const form = useForm(
    {
      sender_name: settings.sender_name ?? '',
      reply_to: settings.reply_to ?? '',
      language: settings.language ?? 'en',
      kinds: settings.kinds ?? {},
      operators: (settings.operators ?? []).join('\n'),
      leaving_soon_minutes: settings.leaving_soon_minutes ?? 15,
      extend_minutes: settings.extend_minutes ?? 30,
    },
    async (f) => {
      const body = { ...f, operators: addresses(f.operators) }
      const changed = await api.put('/api/v1/sites/{site}/mail', { path: { site: site.id }, body })
      client.setQueryData(mailQuery(site.id).queryKey, changed)
      toast({ text: t('web.settings.saved') })
    },
    (f) => {
      const number = (n: number) => (Number.isInteger(n) && n >= 0 ? undefined : t('web.settings.fault.number'))
      return { leaving_soon_minutes: number(f.leaving_soon_minutes), extend_minutes: number(f.extend_minutes) }
    },
  )
  const { value, set, fault } = form
  const minutes = (name: 'leaving_soon_minutes' | 'extend_minutes', most: number) => ({
    type: 'number',
    min: 0,
    max: most,
    value: Number.isNaN(value[name]) ? '' : value[name],
    onChange: (e: React.ChangeEvent<HTMLInputElement>) => set({ [name]: e.currentTarget.valueAsNumber }),
    error: fault(name),
  })
  return (
    <Part title={t('web.mailpage.settings')}>
      <Form form={form} shown={['sender_name', 'reply_to', 'language', 'operators', 'leaving_soon_minutes', 'extend_minutes']}>
        <div className={classes.pair}>
          <TextInput
            label={t('web.mailpage.sender')}
            placeholder={site.name}
            value={value.sender_name}
            onChange={(e) => set({ sender_name: e.currentTarget.value })}
            error={fault('sender_name')}
          />
          <TextInput
            label={t('web.mailpage.reply')}
            type="email"
            value={value.reply_to}
            onChange={(e) => set({ reply_to: e.currentTarget.value })}
            error={fault('reply_to')}
          />
          <NativeSelect
            label={t('web.mailpage.language')}
            value={value.language}
            onChange={(e) => set({ language: e.currentTarget.value })}
            data={languages.map((l) => ({ value: l, label: languageNames[l] }))}
            error={fault('language')}
          />
        </div>
        {(Object.keys(audiences) as (keyof typeof audiences)[]).map((who) => (
          <Input.Wrapper key={who} label={t(`web.mailpage.to.${who}`)} labelElement="div">
            <div className={classes.choices}>
              {audiences[who].map((kind) => (
                <Checkbox
                  key={kind}
                  label={t(`web.mailkind.${kind}`)}
                  checked={value.kinds[kind] ?? false}
                  onChange={(e) => set({ kinds: { ...value.kinds, [kind]: e.currentTarget.checked } })}
                />
              ))}
            </div>
          </Input.Wrapper>
        ))}
        <Textarea
          label={t('web.mailpage.operators')}
          description={t('web.mailpage.operators.text')}
          autosize
          minRows={2}
          value={value.operators}
          onChange={(e) => set({ operators: e.currentTarget.value })}
          error={fault('operators')}
        />
        <div className={classes.pair}>
          <TextInput
            label={t('web.mailpage.soon')}
            description={t('web.mailpage.soon.text')}
            {...minutes('leaving_soon_minutes', 240)}
          />
          <TextInput
            label={t('web.mailpage.extend')}
            description={t('web.mailpage.extend.text')}
            {...minutes('extend_minutes', 480)}
          />
        </div>
      </Form>
    </Part>
  )
}
