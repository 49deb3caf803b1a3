import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { meQuery } from '../api/queries.ts'
import { Icon } from '../look/Icon.tsx'
import { Groups } from '../look/Secret.tsx'
import { useToast } from '../look/Toasts.tsx'
import { FormDialog } from '../settings/kit/Form.tsx'
import { Once } from '../settings/kit/Once.tsx'
import { Part } from '../settings/kit/Page.tsx'
import pageClasses from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { QRCode } from '../slip/QRCode.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Account.module.css'

type Secret = { secret: string; uri: string }
type Step = { kind: 'begin' } | { kind: 'confirm'; secret: Secret } | { kind: 'codes'; codes: string[] } | { kind: 'remove' } | null

/** A code from an app beside the password: switched on by the first code, off by the password. */
export function SecondFactor({ on }: { on: boolean }) {
  const { t } = useText()
  const client = useQueryClient()
  const toast = useToast()
  const [step, setStep] = useState<Step>(null)
  const again = () => client.invalidateQueries({ queryKey: meQuery.queryKey })
  return (
    <Part title={t('web.account.factor')} text={t('web.account.factor.text')}>
      <div className={classes.state}>
        <Icon name={on ? 'done' : 'absent'} />
        <span>{t(on ? 'web.account.factor.on' : 'web.account.factor.off')}</span>
        {on ? (
          <Button variant="default" onClick={() => setStep({ kind: 'remove' })}>
            {t('web.account.factor.remove')}
          </Button>
        ) : (
          <Button onClick={() => setStep({ kind: 'begin' })}>{t('web.account.factor.begin')}</Button>
        )}
      </div>
      {step?.kind === 'begin' && (
        <Proof
          title={t('web.account.factor.begin')}
          action={t('web.account.factor.next')}
          close={() => setStep(null)}
          act={async (password) => {
            const secret = await api.post('/api/v1/me/totp', { body: { password } })
            setStep({ kind: 'confirm', secret })
          }}
        />
      )}
      {step?.kind === 'confirm' && (
        <ConfirmFactor
          secret={step.secret}
          close={() => setStep(null)}
          done={(codes) => {
            setStep({ kind: 'codes', codes })
            void again()
          }}
        />
      )}
      {step?.kind === 'codes' && (
        <Once
          title={t('web.account.codes')}
          label={t('web.account.codes.label')}
          value={step.codes.join(' ')}
          text={t('web.account.codes.text')}
          close={() => setStep(null)}
        />
      )}
      {step?.kind === 'remove' && (
        <Proof
          title={t('web.account.factor.remove')}
          action={t('web.account.factor.remove')}
          close={() => setStep(null)}
          act={async (password) => {
            await api.post('/api/v1/me/totp/remove', { body: { password } })
            setStep(null)
            toast({ text: t('web.account.factor.removed') })
            await again()
          }}
        />
      )}
    </Part>
  )
}

type ProofProps = { title: string; action: string; close: () => void; act: (password: string) => Promise<void> }

/** Asks for the password again: a browser left open must not be enough. */
function Proof({ title, action, close, act }: ProofProps) {
  const { t } = useText()
  const form = useForm(
    { password: '' },
    (f) => act(f.password),
    (f) => ({ password: f.password ? undefined : t('web.account.fault.old') }),
  )
  return (
    <FormDialog title={title} form={form} shown={['password']} action={action} close={close}>
      <PasswordInput
        label={t('web.account.password.old')}
        data-autofocus
        autoComplete="current-password"
        value={form.value.password}
        onChange={(e) => form.set({ password: e.currentTarget.value })}
        error={form.fault('password')}
        visibilityToggleButtonProps={{ 'aria-label': t('web.signin.show'), tabIndex: 0 }}
      />
    </FormDialog>
  )
}

function ConfirmFactor({ secret, close, done }: { secret: Secret; close: () => void; done: (codes: string[]) => void }) {
  const { t } = useText()
  const form = useForm(
    { code: '' },
    async (f) => {
      const answer = await api.post('/api/v1/me/totp/confirm', { body: { code: f.code.replace(/\s/g, '') } })
      done(answer.recovery_codes)
    },
    (f) => ({ code: /^\d{6}$/.test(f.code.replace(/\s/g, '')) ? undefined : t('web.account.fault.code') }),
  )
  return (
    <FormDialog
      title={t('web.account.factor.begin')}
      form={form}
      shown={['code']}
      action={t('web.account.factor.confirm')}
      close={close}
    >
      <p className={classes.step}>{t('web.account.factor.scan')}</p>
      <div className={classes.scan}>
        <div className={pageClasses.qr}>
          <QRCode text={secret.uri} label={t('web.account.factor.qr')} />
        </div>
        <div>
          <div className="dimmed">{t('web.account.factor.type')}</div>
          <code className={classes.secret}>
            <Groups value={secret.secret} />
          </code>
        </div>
      </div>
      <TextInput
        label={t('web.account.factor.code')}
        autoComplete="one-time-code"
        inputMode="numeric"
        maxLength={8}
        data-autofocus
        value={form.value.code}
        onChange={(e) => form.set({ code: e.currentTarget.value })}
        error={form.fault('code')}
      />
    </FormDialog>
  )
}
