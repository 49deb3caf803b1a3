import { Alert, Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Problem } from '../api/problem.ts'
import { useProblemText, Waiting } from '../look/States.tsx'
import page from '../settings/kit/Page.module.css'
import type { FormState } from '../settings/kit/useForm.ts'
import { useText } from '../text/useText.tsx'

type Props = { form: FormState; shown: readonly string[]; action: string; children: ReactNode }

/** A step's form. Leaving it half done is no loss, so nobody is asked. */
export function StepForm({ form, shown, action, children }: Props) {
  const { t } = useText()
  const explain = useProblemText()
  const fields = form.error instanceof Problem ? Object.keys(form.error.fields) : []
  const placed = fields.length > 0 && fields.every((path) => shown.some((s) => path === s || path.startsWith(`${s}[`)))
  return (
    <form
      noValidate
      className={page.form}
      onSubmit={(e) => {
        e.preventDefault()
        form.submit()
      }}
    >
      {children}
      {form.error !== null && !placed && (
        <Alert color="red" role="alert">
          {explain(form.error)}
        </Alert>
      )}
      {form.busy && <Waiting>{t('web.waiting')}</Waiting>}
      <div className={page.save}>
        <Button type="submit" loading={form.busy}>
          {action}
        </Button>
      </div>
    </form>
  )
}
