import { Alert, Button, Checkbox, FileButton, Group, Modal, NativeSelect, Stack, Textarea } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type DragEvent, useRef, useState } from 'react'
import { api, insist } from '../api/client.ts'
import type { components } from '../api/schema.ts'
import { usePhone } from '../board/usePhone.ts'
import { useAct } from '../dialog/useAct.ts'
import { useDiscard } from '../dialog/useDiscard.tsx'
import groups from '../groups/Groups.module.css'
import { Faults, FileFault } from '../groups/ImportFaults.tsx'
import { asCSV, fileMost, lineAt, textOf } from '../groups/sheet.ts'
import { Icon } from '../look/Icon.tsx'
import { Waiting } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { accountColumns, sampleFile } from './accountsheet.ts'
import { profilesQuery, readGuests } from './queries.ts'
import { saveFile } from './saveFile.ts'

type Report = components['schemas']['ImportAccountsAnswer']

/** Accounts from a spreadsheet: looked at first, mended where needed, then made. */
export function ImportAccounts({ close }: { close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const phone = usePhone()
  const client = useQueryClient()
  const toast = useToast()
  const { busy, error, run } = useAct()
  const { data: profiles = [] } = useQuery(profilesQuery)
  const [profile, setProfile] = useState('')
  const [update, setUpdate] = useState(false)
  const [text, setText] = useState('')
  const [report, setReport] = useState<Report | null>(null)
  const [large, setLarge] = useState(false)
  const [over, setOver] = useState(false)
  const field = useRef<HTMLTextAreaElement>(null)
  const { modal, question } = useDiscard(text !== '' && report?.dry_run !== false, close)

  const ask = (csv: string | Blob, dry: boolean) => {
    const query = { site_id: site.id, profile_id: profile || profiles[0]?.id, update, dry_run: dry }
    return insist((key) => api.post('/api/v1/accounts/import', { query, csv, key }))
  }
  const look = (csv: string | Blob) =>
    run(async () => {
      setReport(null)
      setReport(await ask(csv, true))
    })
  const make = () =>
    run(async () => {
      const answer = await ask(asCSV(text), false)
      await readGuests(client)
      toast({ text: t.count('web.guests.import.done', taken(answer)) })
      if (answer.refused + answer.skipped === 0) close()
      else setReport({ ...answer, rows: answer.rows.filter((r) => r.refused || r.outcome === 'skipped') })
    })
  const take = async (file: File | null) => {
    if (!file) return
    setLarge(file.size > fileMost)
    if (file.size > fileMost) return
    const read = textOf(await file.arrayBuffer())
    setText(read ?? '')
    look(read ?? file)
  }
  const dropped = (e: DragEvent) => {
    e.preventDefault()
    setOver(false)
    take(e.dataTransfer.files[0] ?? null)
  }
  const show = (line: number) => {
    const node = field.current
    if (!node) return
    node.focus()
    node.setSelectionRange(...lineAt(text, line))
    // The line's own height brings it into sight where the browser does not.
    node.scrollTop = (line - 2) * (node.scrollHeight / Math.max(1, text.split('\n').length))
  }
  return (
    <Modal
      opened
      {...modal}
      size={860}
      fullScreen={phone}
      title={t('web.guests.import.title')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <Stack gap="md">
        <div
          className={groups.drop}
          data-over={over || undefined}
          onDragOver={(e) => {
            e.preventDefault()
            setOver(true)
          }}
          onDragLeave={() => setOver(false)}
          onDrop={dropped}
        >
          <FileButton accept=".csv,text/csv,text/plain" onChange={take}>
            {(props) => (
              <Button {...props} variant="default" data-autofocus leftSection={<Icon name="upload" size={18} />}>
                {t('web.import.choose')}
              </Button>
            )}
          </FileButton>
          <span className={groups.note}>{t('web.import.drop')}</span>
          <Button
            variant="subtle"
            size="compact-sm"
            onClick={() => saveFile(t('web.guests.import.samplename'), 'text/csv', `\ufeff${sampleFile}`)}
          >
            {t('web.import.sample')}
          </Button>
        </div>
        <NativeSelect
          label={t('web.guests.import.profile')}
          description={t('web.guests.import.profile.text')}
          value={profile || profiles[0]?.id}
          onChange={(e) => {
            setProfile(e.currentTarget.value)
            setReport(null)
          }}
          data={profiles.map((p) => ({ value: p.id, label: p.name }))}
        />
        <Checkbox
          label={t('web.guests.import.update')}
          description={t('web.guests.import.update.text')}
          checked={update}
          onChange={(e) => {
            setUpdate(e.currentTarget.checked)
            setReport(null)
          }}
        />
        <Columns />
        <Textarea
          ref={field}
          label={t('web.import.text')}
          classNames={{ input: groups.code }}
          rows={7}
          wrap="off"
          spellCheck={false}
          value={text}
          onChange={(e) => {
            setText(e.currentTarget.value)
            setReport(null)
          }}
        />
        {large && (
          <Alert color="red" role="alert">
            {t('web.import.large')}
          </Alert>
        )}
        {error !== null && <FileFault error={error} />}
        {busy && <Waiting>{t('web.import.waiting')}</Waiting>}
        {report && (
          <>
            <Outcome report={report} />
            <Faults rows={report.rows} show={show} />
          </>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            {t('web.cancel')}
          </Button>
          {report?.dry_run && taken(report) > 0 ? (
            <Button loading={busy} onClick={make}>
              {t.count(report.refused > 0 ? 'web.guests.import.some' : 'web.guests.import.all', taken(report))}
            </Button>
          ) : (
            <Button loading={busy} disabled={!text.trim()} onClick={() => look(asCSV(text))}>
              {t('web.import.check')}
            </Button>
          )}
        </Group>
      </Stack>
      {question}
    </Modal>
  )
}

const taken = (r: Report) => r.created + r.updated

/** What would become of the lines, or became of them. */
function Outcome({ report: r }: { report: Report }) {
  const { t } = useText()
  const said = (['created', 'updated', 'skipped', 'refused'] as const).filter((o) => r[o] > 0)
  return (
    <Alert color={r.refused > 0 ? 'yellow' : 'teal'} role="status">
      {said.map((o) => (
        <div key={o}>{t.count(`web.guests.import.${o}`, r[o])}</div>
      ))}
    </Alert>
  )
}

function Columns() {
  const { t } = useText()
  return (
    <details className={groups.explain}>
      <summary>{t('web.import.columns')}</summary>
      <dl>
        {accountColumns.map((c) => (
          <div key={c}>
            <dt>
              <code>{c}</code>
            </dt>
            <dd>{t(`web.guests.import.column.${c}`)}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
