import { Alert, Button, FileButton, Group, Modal, Stack, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type DragEvent, useRef, useState } from 'react'
import { api, insist } from '../api/client.ts'
import { showMany } from '../api/queries.ts'
import type { components } from '../api/schema.ts'
import { usePhone } from '../board/usePhone.ts'
import { useAct } from '../dialog/useAct.ts'
import { useDiscard } from '../dialog/useDiscard.tsx'
import { Icon } from '../look/Icon.tsx'
import { Waiting } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { dayKey } from '../time.ts'
import { ZoneNote } from '../dialog/ZoneNote.tsx'
import { Verdict } from './GroupForm.tsx'
import classes from './Groups.module.css'
import { Faults, FileFault } from './ImportFaults.tsx'
import { asCSV, fileMost, lineAt, sample, sheetColumns, textOf } from './sheet.ts'

type Report = components['schemas']['ImportAnswer']

/** Visits from a spreadsheet: looked at first, mended where needed, then registered. */
export function ImportForm({ close }: { close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const phone = usePhone()
  const client = useQueryClient()
  const toast = useToast()
  const { busy, error, run } = useAct()
  const [text, setText] = useState('')
  const [report, setReport] = useState<Report | null>(null)
  const [large, setLarge] = useState(false)
  const [over, setOver] = useState(false)
  const field = useRef<HTMLTextAreaElement>(null)

  const ask = async (csv: string | Blob, dry: boolean) => {
    const query = { site_id: site.id, dry_run: dry }
    return await insist((key) => api.post('/api/v1/visits/import', { query, csv, key }))
  }
  const look = (csv: string | Blob) =>
    run(async () => {
      setReport(null)
      setReport(await ask(csv, true))
    })
  const take = async (file: File | null) => {
    if (!file) return
    setLarge(file.size > fileMost)
    if (file.size > fileMost) return
    const read = textOf(await file.arrayBuffer())
    setText(read ?? '')
    look(read ?? file)
  }
  const register = () =>
    run(async () => {
      const answer = await ask(asCSV(text), false)
      showMany(client, site.id)
      toast({ text: t.count('web.group.registered', answer.registered) })
      if (answer.refused === 0) close()
      else setReport({ ...answer, rows: answer.rows.filter((r) => r.refused) })
    })
  const edit = (next: string) => {
    setText(next)
    setReport(null)
  }
  const dropped = (e: DragEvent) => {
    e.preventDefault()
    setOver(false)
    take(e.dataTransfer.files[0] ?? null)
  }
  const show = (line: number) => {
    const node = field.current
    if (!node) return
    const [from, to] = lineAt(text, line)
    node.focus()
    node.setSelectionRange(from, to)
    // The line's own height brings it into sight where the browser does not.
    node.scrollTop = (line - 2) * (node.scrollHeight / Math.max(1, text.split('\n').length))
  }
  const ready = report?.dry_run && report.good > 0
  const { modal, question } = useDiscard(text !== '', close)
  return (
    <Modal
      opened
      {...modal}
      size={860}
      fullScreen={phone}
      title={t('web.import.title')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <Stack gap="md">
        <div
          className={classes.drop}
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
          <span className={classes.note}>{t('web.import.drop')}</span>
          <SampleFile />
        </div>
        <Columns />
        <Textarea
          ref={field}
          label={t('web.import.text')}
          classNames={{ input: classes.code }}
          rows={7}
          wrap="off"
          spellCheck={false}
          value={text}
          onChange={(e) => edit(e.currentTarget.value)}
        />
        <ZoneNote />
        {large && (
          <Alert color="red" role="alert">
            {t('web.import.large')}
          </Alert>
        )}
        {error !== null && <FileFault error={error} />}
        {busy && <Waiting>{t('web.import.waiting')}</Waiting>}
        {report && (
          <>
            <Verdict good={report.good} all={report.rows.length} />
            <Faults rows={report.rows} show={show} />
          </>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            {t('web.cancel')}
          </Button>
          {ready ? (
            <Button loading={busy} onClick={register}>
              {report.refused > 0
                ? t.count('web.import.some', report.good)
                : t.count('web.import.all', report.good)}
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

function Columns() {
  const { t } = useText()
  return (
    <details className={classes.explain}>
      <summary>{t('web.import.columns')}</summary>
      <dl>
        {sheetColumns.map((c) => (
          <div key={c}>
            <dt>
              <code>{c}</code>
            </dt>
            <dd>{t(`web.import.column.${c}`)}</dd>
          </div>
        ))}
      </dl>
      <p className={classes.note}>{t('web.import.rules')}</p>
    </details>
  )
}

function SampleFile() {
  const { t } = useText()
  const site = useSite()
  const save = () => {
    const tomorrow = dayKey(Date.now() + 24 * 3_600_000, site.timezone)
    const link = document.createElement('a')
    // The mark tells spreadsheets that it is UTF-8.
    link.href = URL.createObjectURL(new Blob(['\ufeff', sample(tomorrow)], { type: 'text/csv' }))
    link.download = t('web.import.samplename')
    link.click()
    URL.revokeObjectURL(link.href)
  }
  return (
    <Button variant="subtle" size="compact-sm" onClick={save}>
      {t('web.import.sample')}
    </Button>
  )
}
