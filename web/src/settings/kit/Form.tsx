import { Alert, Button, Group, Modal } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react'
import { Problem } from '../../api/problem.ts'
import { Discard } from '../../dialog/Discard.tsx'
import { useDiscard } from '../../dialog/useDiscard.tsx'
import { mended } from '../../groups/mend.ts'
import { useProblemText, Waiting } from '../../look/States.tsx'
import { useText } from '../../text/useText.tsx'
import classes from './Page.module.css'
import type { FormState } from './useForm.ts'

type Props = {
  form: FormState
  /** Of the parts of the request, those whose complaints are shown at a field. */
  shown: readonly string[]
  action?: string
  children: ReactNode
}

/** A form on a page. Whoever leaves it half done is asked. */
export function Form({ form, shown, action, children }: Props) {
  const { t } = useText()
  const { at, submit } = useSubmit(form)
  return (
    <form
      ref={at}
      noValidate
      className={classes.form}
      onSubmit={submit}
    >
      {children}
      <Complaint form={form} shown={shown} />
      {form.busy && <Waiting>{t('web.waiting')}</Waiting>}
      <div className={classes.save}>
        <Button type="submit" loading={form.busy} disabled={!form.dirty}>
          {action ?? t('web.form.save')}
        </Button>
        {form.dirty && (
          <Button variant="default" onClick={form.discard}>
            {t('web.settings.discard')}
          </Button>
        )}
      </div>
      <Unsaved dirty={form.dirty} />
    </form>
  )
}

/** A form in a dialog. */
export function FormDialog({ title, form, shown, action, close, children }: Props & { title: string; close: () => void }) {
  const { t } = useText()
  const { at, submit } = useSubmit(form)
  const { modal, question } = useDiscard(form.dirty, close)
  return (
    <Modal
      opened
      {...modal}
      size="lg"
      title={title}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <form
        ref={at}
        noValidate
        className={classes.form}
        onSubmit={submit}
      >
        {children}
        <Complaint form={form} shown={shown} />
        {form.busy && <Waiting>{t('web.waiting')}</Waiting>}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            {t('web.cancel')}
          </Button>
          <Button type="submit" loading={form.busy}>
            {action ?? t('web.form.save')}
          </Button>
        </Group>
      </form>
      {question}
    </Modal>
  )
}

/** Leads to the first field that is not accepted, which may be out of sight. */
function useSubmit({ submit, error }: FormState) {
  const at = useRef<HTMLFormElement>(null)
  const toFault = () => at.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  useEffect(() => {
    if (error !== null) toFault()
  }, [error])
  return {
    at,
    submit: (e: FormEvent) => {
      e.preventDefault()
      submit()
      requestAnimationFrame(toFault)
    },
  }
}

/** What is wrong and stands at no field. */
function Complaint({ form, shown }: Pick<Props, 'form' | 'shown'>) {
  const { t } = useText()
  const explain = useProblemText()
  const { error } = form
  if (error === null) return null
  const fields = error instanceof Problem ? Object.entries(error.fields) : []
  const placed = (path: string) => shown.some((s) => path === s || path.startsWith(`${s}.`) || path.startsWith(`${s}[`))
  const others = fields.filter(([path]) => !placed(path))
  if (fields.length > 0 && others.length === 0) return null
  return (
    <Alert color="red" role="alert">
      {explain(error)} {others.map(([, message]) => mended(t, 'invalid', message)).join(' ')}
    </Alert>
  )
}

function Unsaved({ dirty }: { dirty: boolean }) {
  const blocker = useBlocker({
    // Who was signed out cannot save any more.
    shouldBlockFn: ({ next }) => dirty && next.pathname !== '/sign-in',
    enableBeforeUnload: dirty,
    withResolver: true,
  })
  if (blocker.status !== 'blocked') return null
  return <Discard stay={blocker.reset} leave={blocker.proceed} />
}
