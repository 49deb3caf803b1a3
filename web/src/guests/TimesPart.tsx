import { Input, NativeSelect, Radio, Stack, Switch, TextInput } from '@mantine/core'
import { Icon } from '../look/Icon.tsx'
import page from '../settings/kit/Page.module.css'
import { Part } from '../settings/kit/Page.tsx'
import { SpanInput } from '../settings/kit/SpanInput.tsx'
import type { useForm } from '../settings/kit/useForm.ts'
import { useText } from '../text/useText.tsx'
import classes from './Guests.module.css'
import type { Profile } from './queries.ts'
import { type Fields, shortLifetime } from './template.ts'

export type TemplateForm = ReturnType<typeof useForm<Fields>>

/** What it is called and how long a login lasts. */
export function TimesPart({ form: { value, set, fault }, profiles }: { form: TemplateForm; profiles: Profile[] }) {
  const { t } = useText()
  return (
    <Part title={t('web.guests.template.times')}>
      <TextInput
        label={t('web.settings.name')}
        description={t('web.guests.template.name.text')}
        value={value.name}
        onChange={(e) => set({ name: e.currentTarget.value })}
        error={fault('name')}
      />
      <div className={page.pair}>
        <SpanInput
          label={t('web.guests.template.lifetime')}
          description={t('web.guests.template.lifetime.text')}
          seconds={value.lifetime_minutes * 60}
          onChange={(seconds) => set({ lifetime_minutes: seconds / 60 })}
          error={fault('lifetime_minutes')}
        />
        <NativeSelect
          label={t('web.guests.profile')}
          description={t('web.guests.template.profile.text')}
          value={value.profile_id}
          onChange={(e) => set({ profile_id: e.currentTarget.value })}
          data={profiles.map((p) => ({ value: p.id, label: p.name }))}
          error={fault('profile_id')}
        />
      </div>
      {value.lifetime_minutes < shortLifetime && (
        <p className={classes.warn} role="status">
          <Icon name="warn" />
          <span>{t('web.guests.template.short.text')}</span>
        </p>
      )}
    </Part>
  )
}

/** What a guest does whom the portal knows already. */
export function AgainPart({ form: { value, set, fault } }: { form: TemplateForm }) {
  const { t } = useText()
  return (
    <Part title={t('web.guests.template.again')} text={t('web.guests.template.again.text')}>
      <Radio.Group
        aria-label={t('web.guests.template.again')}
        value={value.reauth}
        onChange={(v) => set({ reauth: v as Fields['reauth'] })}
        error={fault('reauth')}
      >
        <Stack gap="xs">
          {(['continue', 'silent'] as const).map((r) => (
            <Radio key={r} value={r} label={t(`web.guests.reauth.${r}`)} description={t(`web.guests.reauth.${r}.text`)} />
          ))}
        </Stack>
      </Radio.Group>
      <Switch
        label={t('web.guests.mac')}
        description={t('web.guests.mac.text')}
        checked={value.recognise_mac}
        onChange={(e) => set({ recognise_mac: e.currentTarget.checked, mac_auth: e.currentTarget.checked && value.mac_auth })}
      />
      <Input.Wrapper error={fault('mac_auth')}>
        <Switch
          label={t('web.guests.macauth')}
          description={t('web.guests.macauth.text')}
          disabled={!value.recognise_mac}
          checked={value.mac_auth}
          onChange={(e) => set({ mac_auth: e.currentTarget.checked })}
        />
      </Input.Wrapper>
    </Part>
  )
}
