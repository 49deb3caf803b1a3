import { Button, Input, NativeSelect, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useId } from 'react'
import { api } from '../api/client.ts'
import type { NAS } from '../api/types.ts'
import { FormDialog } from '../settings/kit/Form.tsx'
import page from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { driverOf, drivers } from './drivers.ts'
import { blankNAS, change, creation, type Fields, fieldsOf, makeSecret, nasFaults, policies } from './nas.ts'
import classes from './Network.module.css'

/** The parts of a request whose complaints are shown at a field. */
export const nasFields = Object.keys(blankNAS)

type Props = { nas?: NAS; close: () => void; made: (nas: NAS) => void }

export function NASDialog({ nas, close, made }: Props) {
  const { t } = useText()
  const form = useNASForm(nas, made)
  return (
    <FormDialog
      title={nas ? t('web.nas.change', { name: nas.name }) : t('web.nas.add')}
      form={form}
      shown={nasFields}
      action={nas ? undefined : t('web.nas.make')}
      close={close}
    >
      <NASFields form={form} made={Boolean(nas)} />
    </FormDialog>
  )
}

/** Adds an access point, or changes one. */
export function useNASForm(nas: NAS | undefined, made: (nas: NAS) => void, begin: Partial<Fields> = {}) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  return useForm<Fields>(
    nas ? fieldsOf(nas) : { ...blankNAS, ...begin },
    async (f) => {
      const path = { site: site.id }
      const saved = nas
        ? await api.patch('/api/v1/sites/{site}/nases/{nas}', { path: { ...path, nas: nas.id }, body: change(f) })
        : await api.post('/api/v1/sites/{site}/nases', { path, body: creation(f) })
      made(saved) // before the list shows it, which may take this form away
      await client.invalidateQueries({ queryKey: ['nases', site.id] })
    },
    (f) => nasFaults(f, Boolean(nas), t),
  )
}

type FieldsProps = { form: ReturnType<typeof useNASForm>; made: boolean }

export function NASFields({ form, made }: FieldsProps) {
  const { t } = useText()
  const id = useId()
  const { value, set, fault } = form
  return (
    <>
      <div className={page.pair}>
        <TextInput
          label={t('web.settings.name')}
          description={t('web.nas.name.text')}
          data-autofocus
          value={value.name}
          onChange={(e) => set({ name: e.currentTarget.value })}
          error={fault('name')}
        />
        <TextInput
          label={t('web.nas.source')}
          description={t('web.nas.source.text')}
          placeholder="10.1.0.0/24"
          autoComplete="off"
          value={value.source}
          onChange={(e) => set({ source: e.currentTarget.value })}
          error={fault('source')}
        />
      </div>
      <Input.Wrapper
        id={id}
        label={t('web.nas.secret')}
        description={t(made ? 'web.nas.secret.kept' : 'web.nas.secret.text')}
        error={fault('secret')}
      >
        <div className={classes.secret}>
          <TextInput
            id={id}
            autoComplete="off"
            spellCheck={false}
            value={value.secret}
            onChange={(e) => set({ secret: e.currentTarget.value })}
            error={Boolean(fault('secret'))}
          />
          <Button variant="default" onClick={() => set({ secret: makeSecret() })}>
            {t('web.nas.secret.make')}
          </Button>
        </div>
      </Input.Wrapper>
      <HowToEnter />
      <NativeSelect
        label={t('web.nas.policy')}
        description={t(`web.nas.policy.${value.message_authenticator}.text`)}
        value={value.message_authenticator}
        onChange={(e) => set({ message_authenticator: e.currentTarget.value as Fields['message_authenticator'] })}
        data={policies.map((p) => ({ value: p, label: t(`web.nas.policy.${p}`) }))}
        error={fault('message_authenticator')}
      />
      <DriverFields form={form} />
      <div className={page.pair}>
        <TextInput
          type="number"
          min={0}
          label={t('web.nas.session')}
          description={t('web.nas.session.text')}
          placeholder={t('web.nas.session.auto')}
          value={value.max_session_seconds}
          onChange={(e) => set({ max_session_seconds: e.currentTarget.value })}
          error={fault('max_session_seconds')}
        />
        <TextInput
          type="number"
          min={60}
          label={t('web.nas.interim')}
          description={t('web.nas.interim.text')}
          value={value.interim_seconds}
          onChange={(e) => set({ interim_seconds: e.currentTarget.value })}
          error={fault('interim_seconds')}
        />
      </div>
    </>
  )
}

/** How sessions are ended at it: a driver, and what that one has to know. */
function DriverFields({ form }: Pick<FieldsProps, 'form'>) {
  const { t } = useText()
  const { value, set, fault } = form
  const driver = driverOf(value.driver)
  return (
    <fieldset className={classes.fieldset}>
      <legend>{t('web.driver')}</legend>
      {drivers.length > 1 && (
        <NativeSelect
          aria-label={t('web.driver')}
          value={value.driver}
          onChange={(e) => set({ driver: e.currentTarget.value })}
          data={drivers.map((d) => ({ value: d.name, label: t(d.label) }))}
        />
      )}
      {driver && <Text className="dimmed">{t(driver.text)}</Text>}
      <div className={page.pair}>
        {driver?.settings.map((s) => (
          <TextInput
            key={s.name}
            type={s.kind}
            label={t(s.label)}
            description={t(s.text)}
            autoComplete="off"
            value={value[s.name]}
            onChange={(e) => set({ [s.name]: e.currentTarget.value })}
            error={fault(s.name)}
          />
        ))}
      </div>
    </fieldset>
  )
}

/** What has to be entered at the other end; where, differs from vendor to vendor. */
export function HowToEnter() {
  const { t } = useText()
  return (
    <details>
      <summary>{t('web.nas.enter')}</summary>
      <ul>
        <li>{t('web.nas.enter.auth')}</li>
        <li>{t('web.nas.enter.acct')}</li>
        <li>{t('web.nas.enter.disconnect')}</li>
        <li>{t('web.nas.enter.signature')}</li>
      </ul>
    </details>
  )
}
