import { Alert, Button, Group, Modal, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { useMemo, useState } from 'react'
import { Problem } from '../api/problem.ts'
import type { Person, Visit } from '../api/types.ts'
import { DaysFields } from '../groups/DaysFields.tsx'
import { mended } from '../groups/mend.ts'
import { blankDays, daysFaults, daysOf } from '../groups/series.ts'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import type { Key, Say } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import { usePhone } from '../board/usePhone.ts'
import { useMe } from '../useMe.ts'
import { useDialog } from './Dialogs.tsx'
import {
  blank,
  type Fields,
  fieldAt,
  fieldsOf,
  faults as find,
  longest,
  moveArrival,
  returning,
  switchWhen,
  typed,
  type When,
} from './form.ts'
import { Returning } from './Returning.tsx'
import { useAct } from './useAct.ts'
import { useDiscard } from './useDiscard.tsx'
import { useSave } from './useSave.ts'
import classes from './VisitForm.module.css'
import { ZoneNote } from './ZoneNote.tsx'

type Props = { visit?: Visit; when: When; close: () => void }
type TextField = Exclude<keyof Fields, 'when' | 'personID'>
type NameField = 'firstName' | 'lastName' | 'email'

const inMore = ['email', 'phone', 'hostEmail', 'purpose'] as const

/** Registers a visit or a series of them, checks a walk-in in, or changes an expected visit. */
export function VisitForm({ visit, when, close }: Props) {
  const { t } = useText()
  const site = useSite()
  const phone = usePhone()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const save = useSave(visit, close)
  const [fields, setFields] = useState(() => (visit ? fieldsOf(visit, site) : blank(site, when, Date.now())))
  const [days, setDays] = useState(() => blankDays(site, Date.now()))
  const [checked, setChecked] = useState(false)
  const [again, setAgain] = useState<Person | null>(null)
  const [more, setMore] = useState(Boolean(fields.email || fields.phone || fields.purpose))
  const [begun, setBegun] = useState(false)

  const series = fields.when === 'days'
  const own = checked ? find(fields, site, Date.now()) : {}
  const ownDays = checked && series ? daysFaults(days, site, Date.now()) : {}
  const theirs = useMemo(() => (error instanceof Problem ? theirFaults(error, t) : {}), [error, t])
  const faultOf = (name: TextField) => (own[name] ? t(own[name]) : theirs[name])
  const set = (change: Partial<Fields>) => {
    setBegun(true)
    setFields((f) => (visit ? { ...f, ...change } : typed(f, change)))
  }
  const input = (name: TextField, label: Key, extra: object = {}) => (
    <TextInput
      label={t(label)}
      value={fields[name]}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
      error={faultOf(name)}
      maxLength={longest[name]}
      autoComplete="off"
      {...extra}
    />
  )
  /** A field by which somebody who was here before is found; never while changing a visit. */
  const named = (name: NameField, label: Key, extra: object = {}) =>
    visit ? (
      input(name, label, extra)
    ) : (
      <Returning
        label={t(label)}
        value={fields[name]}
        sought={name === 'email' ? fields.email : `${fields.firstName} ${fields.lastName}`}
        onText={(text) => set({ [name]: text })}
        onPerson={(person) => {
          setAgain(person)
          setBegun(true)
          setMore(true)
          setFields((f) => returning(f, person))
        }}
        error={faultOf(name)}
        maxLength={longest[name]}
        {...extra}
      />
    )
  const submit = () => {
    setChecked(true)
    const now = Date.now()
    const faulty = { ...find(fields, site, now), ...(series ? daysFaults(days, site, now) : {}) }
    if (Object.keys(faulty).length === 0) run(() => save(fields, days))
  }

  const { modal, question } = useDiscard(begun, close)
  return (
    <Modal
      opened
      {...modal}
      size="lg"
      fullScreen={phone}
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
          {!visit && <Which when={fields.when} choose={(w) => setFields((f) => switchWhen(f, w, site, Date.now()))} />}
          <div className={classes.pair}>
            {named('firstName', 'web.form.first', { 'data-autofocus': true })}
            {named('lastName', 'web.form.last')}
            {input('company', 'web.form.company')}
            {input('hostName', 'web.form.host')}
            {fields.when === 'later' && (
              <TextInput
                type="datetime-local"
                label={t('web.form.arrival')}
                value={fields.arrival}
                onChange={(e) => setFields(moveArrival(fields, e.currentTarget.value, site))}
                error={faultOf('arrival')}
              />
            )}
            {!series && input('departure', 'web.form.departure', { type: 'datetime-local' })}
          </div>
          {again && fields.personID === again.id && (
            <p className={classes.note} role="status">
              {t.count('web.returning.known', again.visits)}
            </p>
          )}
          {series && <DaysFields days={days} change={setDays} faults={ownDays} />}
          <ZoneNote />
          <details className={classes.more} open={more || inMore.some(faultOf)} onToggle={(e) => setMore(e.currentTarget.open)}>
            <summary>{t('web.form.more')}</summary>
            <div className={classes.pair}>
              {named('email', 'web.form.email', { type: 'email' })}
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
          {busy && <Waiting>{t(fields.when === 'now' ? 'web.checkin.waiting' : 'web.waiting')}</Waiting>}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {t('web.cancel')}
            </Button>
            <Button type="submit" loading={busy}>
              {visit
                ? t('web.form.save')
                : series
                  ? t.count('web.series.register', daysOf(days).length)
                  : t(fields.when === 'now' ? 'web.checkin.action' : 'web.form.register')}
            </Button>
          </Group>
        </Stack>
      </form>
      {question}
    </Modal>
  )
}

/** When it is; and on phones, which have no menu beside the button, the ways to many visitors. */
function Which({ when, choose }: { when: When; choose: (when: When) => void }) {
  const { t } = useText()
  const { can } = useMe()
  const open = useDialog()
  const phone = usePhone()
  const now = can('visits.checkin') ? [{ value: 'now', label: t('web.form.now') }] : []
  return (
    <>
      <SegmentedControl
        fullWidth
        aria-label={t('web.form.when')}
        value={when}
        onChange={(value) => choose(value as When)}
        data={[
          ...now,
          { value: 'later', label: t('web.form.later') },
          { value: 'days', label: t('web.form.days') },
        ]}
      />
      {phone && (
        <Group gap="xs">
          <Button variant="default" onClick={() => open({ kind: 'group' })}>
            {t('web.new.group')}
          </Button>
          <Button variant="default" onClick={() => open({ kind: 'import' })}>
            {t('web.new.import')}
          </Button>
        </Group>
      )}
    </>
  )
}

function theirFaults(problem: Problem, t: Say): Partial<Record<keyof Fields, string>> {
  const found: Partial<Record<keyof Fields, string>> = {}
  for (const [location, message] of Object.entries(problem.fields)) {
    const field = fieldAt[location]
    if (field) found[field] = mended(t, problem.code, message)
  }
  return found
}
