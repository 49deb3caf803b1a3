import { Alert, Button, Checkbox, Group, Modal, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { useCallback, useState } from 'react'
import { usePhone } from '../board/usePhone.ts'
import { blank, moveArrival, switchWhen, timeFaults } from '../dialog/form.ts'
import { useAct } from '../dialog/useAct.ts'
import { useDiscard } from '../dialog/useDiscard.tsx'
import { ZoneNote } from '../dialog/ZoneNote.tsx'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import type { Key } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import type { RowFaults } from './batch.ts'
import classes from './Groups.module.css'
import { MemberTable } from './MemberTable.tsx'
import { emptyMember, isBlank, type Member, memberFaults, tidied } from './table.ts'
import { useSendGroup } from './useSendGroup.ts'

/** Several people at once: what they share above, a line for each below. */
export function GroupForm({ close }: { close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const phone = usePhone()
  const { can } = useMe()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const send = useSendGroup(close)
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
  const { modal, question } = useDiscard(people.length > 0, close)
  return (
    <Modal
      opened
      {...modal}
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
          <MemberTable members={members} own={own} theirs={theirs} edit={edit} />
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
      {question}
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
