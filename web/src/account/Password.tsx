import { PasswordInput } from '@mantine/core'
import { api } from '../api/client.ts'
import { useToast } from '../look/Toasts.tsx'
import { Form } from '../settings/kit/Form.tsx'
import { Part } from '../settings/kit/Page.tsx'
import classes from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { useText } from '../text/useText.tsx'

export function Password() {
  const { t } = useText()
  const toast = useToast()
  const form = useForm(
    { old: '', new: '' },
    async (body) => {
      await api.post('/api/v1/me/password', { body })
      toast({ text: t('web.account.password.done') })
    },
    (f) => ({
      old: f.old ? undefined : t('web.account.fault.old'),
      new: f.new.length >= 12 ? undefined : t('web.reset.rule'),
    }),
  )
  const { value, set, fault } = form
  const show = { 'aria-label': t('web.signin.show'), tabIndex: 0 }
  return (
    <Part title={t('web.signin.password')} text={t('web.account.password.text')}>
      <Form form={form} shown={['old', 'new']} action={t('web.account.password.action')}>
        <div className={classes.pair}>
          <PasswordInput
            label={t('web.account.password.old')}
            autoComplete="current-password"
            value={value.old}
            onChange={(e) => set({ old: e.currentTarget.value })}
            error={fault('old')}
            visibilityToggleButtonProps={show}
          />
          <PasswordInput
            label={t('web.reset.password')}
            description={t('web.reset.rule')}
            autoComplete="new-password"
            value={value.new}
            onChange={(e) => set({ new: e.currentTarget.value })}
            error={fault('new')}
            visibilityToggleButtonProps={show}
          />
        </div>
      </Form>
    </Part>
  )
}
