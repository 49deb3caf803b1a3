import { Alert, Button, Checkbox, Group, Modal, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type ClipboardEvent, memo, useCallback, useState } from 'react'
import { api, insist } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { showMany } from '../api/queries.ts'
import type { components } from '../api/schema.ts'
import { usePhone } from '../board/usePhone.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { blank, moveArrival, switchWhen, timeFaults } from '../dialog/form.ts'
import { useAct } from '../dialog/useAct.ts'
import { ZoneNote } from '../dialog/ZoneNote.tsx'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { useSite } from '../site.tsx'
import type { Key } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { batchRequest, faultsByRow, faultsOfRequest, type RowFaults } from './batch.ts'
import classes from './Groups.module.css'
import {
  cellsOf,
  type Column,
  columns,
  emptyMember,
  isBlank,
  type Member,
  memberFaults,
  membersMost,
  paste,
  tidied,
} from './table.ts'
import { useCheckInMany } from './useCheckInMany.ts'

/** Several people at once: what they share above, a line for each below. */
export function GroupForm({ close }: { close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const phone = usePhone()
  const { can } = useMe()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const send = useSend(close)
  const [fields, setFields] = useState(() => blank(site, 'later', Date.now()))
  const [members, setMembers] = useState<readonly Member[]>(() => [emptyMember(1), emptyMember(2), emptyMember(3)])
  const [together, setTogether] = useState(true)
  const [theirs, setTheirs] = useState<RowFaults>(new Map())
  const [verdict, setVerdict] = useState<{ good: number; all: number } | null>(null)
  const [checked, setChecked] = useState(false)

  const people = members.filter((m) => !isBlank(m))
  const times = checked ? timeFaults(fields, site, Date.now()) : {}
  const own = checked ? memberFaults(members) : new Map()
  const input = (name: 'company' | 'hostName' | 'hostEmail' | 'purpose' | 'departure', label: Key, extra = {}) => (
    <TextInput
      label={t(label)}
      value={fields[name]}
      onChange={(e) => setFields({ ...fields, [name]: e.currentTarget.value })}
      error={times[name] && t(times[name])}
      autoComplete="off"
      {...extra}
    />
  )
  const edit = useCallback((next: (rows: readonly Member[]) => readonly Member[]) => {
    setMembers(next)
    setVerdict(null)
  }, [])
  const submit = (dry: boolean) => {
    setChecked(true)
    setVerdict(null)
    if (people.length === 0 || memberFaults(members).size > 0) return
    if (Object.keys(timeFaults(fields, site, Date.now())).length > 0) return
    run(async () => {
      const left = await send(fields, people, { dry, together })
      setTheirs(left.faults)
      if (dry || left.faults.size > 0) setVerdict({ good: left.good, all: people.length })
      // Who is registered need not be looked at again.
      if (!dry && left.registered.size > 0) setMembers((all) => tidied(all.filter((m) => !left.registered.has(m.id))))
    })
  }
  return (
    <Modal
      opened
      onClose={close}
      size={860}
      fullScreen={phone}
      title={t('web.group.title')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <form
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          submit(false)
        }}
      >
        <Stack gap="md">
          {can('visits.checkin') && (
            <SegmentedControl
              fullWidth
              aria-label={t('web.form.when')}
              value={fields.when}
              onChange={(w) => setFields(switchWhen(fields, w as 'now' | 'later', site, Date.now()))}
              data={[
                { value: 'now', label: t('web.form.now') },
                { value: 'later', label: t('web.form.later') },
              ]}
            />
          )}
          <div className={classes.shared}>
            {fields.when === 'later' && (
              <TextInput
                type="datetime-local"
                label={t('web.form.arrival')}
                value={fields.arrival}
                onChange={(e) => setFields(moveArrival(fields, e.currentTarget.value, site))}
                error={times.arrival && t(times.arrival)}
              />
            )}
            {input('departure', 'web.form.departure', { type: 'datetime-local' })}
            {input('hostName', 'web.form.host')}
            {input('hostEmail', 'web.form.hostemail', { type: 'email' })}
            {input('purpose', 'web.form.purpose')}
            {input('company', 'web.group.company')}
          </div>
          <ZoneNote />
          <Table members={members} own={own} theirs={theirs} edit={edit} />
          {checked && people.length === 0 && (
            <p role="alert" className={classes.bad}>
              {t('web.group.nobody')}
            </p>
          )}
          <Checkbox
            checked={together}
            onChange={(e) => setTogether(e.currentTarget.checked)}
            label={t('web.group.together')}
          />
          {verdict && <Verdict {...verdict} />}
          {error !== null && (
            <Alert color="red" role="alert">
              {explain(error)} {t('web.group.kept')}
            </Alert>
          )}
          {busy && <Waiting>{t('web.group.waiting')}</Waiting>}
          <Group justify="space-between" gap="sm">
            <Button variant="default" disabled={busy || people.length === 0} onClick={() => submit(true)}>
              {t('web.group.check')}
            </Button>
            <Group gap="sm">
              <Button variant="default" onClick={close}>
                {t('web.cancel')}
              </Button>
              <Button type="submit" loading={busy}>
                {people.length === 0
                  ? t(fields.when === 'now' ? 'web.checkin.action' : 'web.form.register')
                  : t.count(fields.when === 'now' ? 'web.group.checkin' : 'web.group.register', people.length)}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

export function Verdict({ good, all }: { good: number; all: number }) {
  const { t } = useText()
  return (
    <Alert color={good === all ? 'teal' : 'yellow'} role="status">
      {good === all ? t.count('web.group.allgood', all) : t('web.group.somegood', { good, all })}
    </Alert>
  )
}

type TableProps = {
  members: readonly Member[]
  own: ReturnType<typeof memberFaults>
  theirs: RowFaults
  edit: (next: (rows: readonly Member[]) => readonly Member[]) => void
}

function Table({ members, own, theirs, edit }: TableProps) {
  const { t } = useText()
  const set = useCallback(
    (id: number, column: Column, text: string) =>
      edit((rows) => tidied(rows.map((m) => (m.id === id ? { ...m, [column]: text } : m))).slice(0, membersMost)),
    [edit],
  )
  const remove = useCallback((id: number) => edit((rows) => tidied(rows.filter((m) => m.id !== id))), [edit])
  const put = useCallback(
    (id: number, column: Column, cells: string[][]) =>
      edit((rows) => paste(rows, rows.findIndex((m) => m.id === id), column, cells)),
    [edit],
  )
  return (
    <div>
      <p id="paste" className={classes.hint}>
        {t('web.group.paste')}
      </p>
      <div className={classes.tablebox}>
        <table className={classes.table} aria-describedby="paste">
          <thead>
            <tr>
              <th scope="col">
                <span className="sr">{t('web.group.row')}</span>
              </th>
              {columns.map((c) => (
                <th key={c} scope="col">
                  {t(labels[c])}
                </th>
              ))}
              <th scope="col">
                <span className="sr">{t('web.group.remove')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {members.map((m, i) => (
              <Row key={m.id} member={m} number={i + 1} own={own.get(m.id)} theirs={theirs.get(m.id)} set={set} put={put} remove={remove} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

const labels: Record<Column, Key> = {
  firstName: 'web.form.first',
  lastName: 'web.form.last',
  company: 'web.form.company',
  email: 'web.form.email',
}

type RowProps = {
  member: Member
  number: number
  own: Partial<Record<Column, Key>> | undefined
  theirs: string | undefined
  set: (id: number, column: Column, text: string) => void
  put: (id: number, column: Column, cells: string[][]) => void
  remove: (id: number) => void
}

/** Memoised: typing in one of two hundred must not draw them all. */
const Row = memo(function Row({ member, number, own, theirs, set, put, remove }: RowProps) {
  const { t } = useText()
  const pasted = (e: ClipboardEvent, column: Column) => {
    const cells = cellsOf(e.clipboardData.getData('text/plain'))
    if (!cells) return
    e.preventDefault()
    put(member.id, column, cells)
  }
  const faults = [...new Set(Object.values(own ?? {}))].map((key) => t(key))
  const said = [...faults, theirs].filter(Boolean).join(' ')
  const id = `fault-${member.id}`
  return (
    <>
      <tr data-bad={said ? true : undefined}>
        <th scope="row">{number}</th>
        {columns.map((c) => (
          <td key={c}>
            <input
              aria-label={`${t(labels[c])}, ${number}`}
              aria-invalid={own?.[c] ? true : undefined}
              aria-describedby={said ? id : undefined}
              type={c === 'email' ? 'email' : 'text'}
              autoComplete="off"
              data-autofocus={number === 1 && c === 'firstName' ? true : undefined}
              value={member[c]}
              onChange={(e) => set(member.id, c, e.currentTarget.value)}
              onPaste={(e) => pasted(e, c)}
            />
          </td>
        ))}
        <td>
          {!isBlank(member) && (
            <button
              type="button"
              className={classes.remove}
              aria-label={t('web.group.removerow', { row: number })}
              onClick={() => remove(member.id)}
            >
              ×
            </button>
          )}
        </td>
      </tr>
      {said && (
        <tr className={classes.fault}>
          <td />
          <td colSpan={5} id={id} role="alert">
            {said}
          </td>
        </tr>
      )}
    </>
  )
})

type Options = { dry: boolean; together: boolean }

/** Sends the rows; closes and says so where all went well. */
function useSend(close: () => void) {
  const client = useQueryClient()
  const toast = useToast()
  const site = useSite()
  const { t } = useText()
  const checkInMany = useCheckInMany()
  const open = useDialog()

  return async (fields: Parameters<typeof batchRequest>[0], people: readonly Member[], { dry, together }: Options) => {
    const body = { ...batchRequest(fields, people, site), dry_run: dry, all_or_nothing: together }
    let answer: components['schemas']['BatchAnswer']
    try {
      answer = await insist((key) => api.post('/api/v1/visits/batch', { body, key }))
    } catch (error) {
      const faults = error instanceof Problem ? faultsOfRequest(people, error, t) : new Map()
      if (faults.size === 0) throw error
      return { faults, registered: new Map<number, string>(), good: people.length - faults.size }
    }
    const faults = faultsByRow(people, answer.rows, t)
    const registered = new Map(
      people.flatMap((m, i) => {
        const id = answer.rows[i]?.visit_id
        return id ? [[m.id, id] as const] : []
      }),
    )
    if (registered.size > 0) {
      showMany(client, site.id)
      const ids = [...registered.values()]
      const done = await (fields.when === 'now' ? checkInMany(ids) : null)
      toast({ text: t.count('web.group.registered', ids.length) })
      if (done) open({ kind: 'accesses', ...done })
      else if (faults.size === 0) close()
    }
    return { faults, registered, good: answer.good }
  }
}
