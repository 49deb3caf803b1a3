import { Alert, Button, Group, Modal, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, insist } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { showVisit } from '../api/queries.ts'
import type { Visit } from '../api/types.ts'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { nameOf } from '../person.ts'
import { useSite } from '../site.tsx'
import type { Key } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import { near } from '../time.ts'
import { useMe } from '../useMe.ts'
import { useDialog } from './Dialogs.tsx'
import {
  blank,
  changeRequest,
  type Fields,
  fieldAt,
  fieldsOf,
  faults as find,
  moveArrival,
  registration,
  switchWhen,
} from './form.ts'
import { useAct } from './useAct.ts'
import classes from './VisitForm.module.css'
import { ZoneNote } from './ZoneNote.tsx'

type Props = { visit?: Visit; walkIn: boolean; close: () => void }
type TextField = Exclude<keyof Fields, 'walkIn'>

/** Registers a visit, checks a walk-in in, or changes an expected visit. */
export function VisitForm({ visit, walkIn, close }: Props) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const save = useSave(visit, close)
  const [fields, setFields] = useState(() => (visit ? fieldsOf(visit, site) : blank(site, walkIn, Date.now())))
  const [checked, setChecked] = useState(false)

  const own = checked ? find(fields, site, Date.now()) : {}
  const theirs = error instanceof Problem ? theirFaults(error) : {}
  const faultOf = (name: TextField) => (own[name] ? t(own[name]) : theirs[name])
  const set = (change: Partial<Fields>) => setFields((f) => ({ ...f, ...change }))
  const input = (name: TextField, label: Key, extra: object = {}) => (
    <TextInput
      label={t(label)}
      value={String(fields[name])}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
      error={faultOf(name)}
      autoComplete="off"
      {...extra}
    />
  )
  const submit = () => {
    setChecked(true)
    if (Object.keys(find(fields, site, Date.now())).length === 0) run(() => save(fields))
  }

  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t(visit ? 'web.form.change' : 'web.form.new')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <form
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          submit()
        }}
      >
        <Stack gap="md">
          {!visit && can('visits.checkin') && (
            <SegmentedControl
              fullWidth
              aria-label={t('web.form.when')}
              value={fields.walkIn ? 'now' : 'later'}
              onChange={(value) => setFields((f) => switchWhen(f, value === 'now', site, Date.now()))}
              data={[
                { value: 'now', label: t('web.form.now') },
                { value: 'later', label: t('web.form.later') },
              ]}
            />
          )}
          <div className={classes.pair}>
            {input('firstName', 'web.form.first', { 'data-autofocus': true })}
            {input('lastName', 'web.form.last')}
            {input('company', 'web.form.company')}
            {input('hostName', 'web.form.host')}
            {!fields.walkIn && (
              <TextInput
                type="datetime-local"
                label={t('web.form.arrival')}
                value={fields.arrival}
                onChange={(e) => setFields(moveArrival(fields, e.currentTarget.value, site))}
                error={faultOf('arrival')}
              />
            )}
            {input('departure', 'web.form.departure', { type: 'datetime-local' })}
          </div>
          <ZoneNote />
          <details className={classes.more} open={Boolean(fields.email || fields.phone || fields.purpose)}>
            <summary>{t('web.form.more')}</summary>
            <div className={classes.pair}>
              {input('email', 'web.form.email', { type: 'email' })}
              {input('phone', 'web.form.phone', { type: 'tel' })}
              {input('hostEmail', 'web.form.hostemail', { type: 'email' })}
              {input('purpose', 'web.form.purpose')}
            </div>
          </details>
          {error !== null && Object.keys(theirs).length === 0 && (
            <Alert color="red" role="alert">
              {explain(error)}
            </Alert>
          )}
          {busy && <Waiting>{t(fields.walkIn ? 'web.checkin.waiting' : 'web.waiting')}</Waiting>}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {t('web.cancel')}
            </Button>
            <Button type="submit" loading={busy}>
              {t(visit ? 'web.form.save' : fields.walkIn ? 'web.checkin.action' : 'web.form.register')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function theirFaults(problem: Problem): Partial<Record<keyof Fields, string>> {
  const found: Partial<Record<keyof Fields, string>> = {}
  for (const [location, message] of Object.entries(problem.fields)) {
    const field = fieldAt[location]
    if (field) found[field] = message
  }
  return found
}

function useSave(visit: Visit | undefined, close: () => void) {
  const client = useQueryClient()
  const open = useDialog()
  const toast = useToast()
  const site = useSite()
  const { t, language } = useText()

  return async (fields: Fields) => {
    if (visit) {
      const body = changeRequest(fields, site)
      const answer = await insist((key) => api.patch('/api/v1/visits/{id}', { path: { id: visit.id }, body, key }))
      showVisit(client, answer.visit)
      close()
      return
    }
    const body = registration(fields, site)
    const answer = await insist((key) => api.post('/api/v1/visits', { body, key }))
    showVisit(client, answer.visit)
    if (answer.voucher) {
      open({ kind: 'access', ...answer, voucher: answer.voucher, reason: 'new' })
      return
    }
    const when = near(answer.visit.expected_arrival, Date.now(), site.timezone, language)
    toast({ text: t('web.form.registered', { name: nameOf(answer.visit), when }) })
    close()
  }
}
