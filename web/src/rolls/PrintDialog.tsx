import { Button, Group, Modal, NativeSelect, Stack, Text, Textarea } from '@mantine/core'
import { useCallback, useState } from 'react'
import { api } from '../api/client.ts'
import { useAct } from '../dialog/useAct.ts'
import { useProblemText, Waiting } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { type Paper, Sheets } from './Sheets.tsx'
import type { Printed, Roll, Zone } from './queries.ts'
import { type Range, rangeFaults, sizeOf, wholeOf } from './roll.ts'
import { RangeFields } from './SellDialog.tsx'

type Props = { zone: Zone; roll: Roll; close: () => void }

const papers = ['grid', 'receipt'] as const
const files = ['modern', 'pfsense', 'pfsense-original'] as const
type Form = (typeof papers)[number] | (typeof files)[number]
const isPaper = (form: Form): form is Paper => papers.some((p) => p === form)

/** More would keep a browser busy for too long: each has a code to scan. */
const sheetMost = 2000

/** Codes on paper, or as a file for a point of sale. */
export function PrintDialog({ zone, roll, close }: Props) {
  const { t } = useText()
  const site = useSite()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [form, setForm] = useState<Form>('grid')
  const [how, setHow] = useState(() => t('web.paper.how', { network: networkOf(zone, site) ?? t('web.paper.anynetwork') }))
  const [range, setRange] = useState<Range>(() => wholeOf(roll))
  const [sent, setSent] = useState(false)
  const [printed, setPrinted] = useState<Printed | null>(null)
  const done = useCallback(() => setPrinted(null), [])
  const paper = isPaper(form)
  const faults = (g: Range) => {
    const found = rangeFaults(g, roll, t)
    if (paper && !found.last && sizeOf(g) > sheetMost) found.last = t('web.roll.fault.most', { most: sheetMost })
    return found
  }
  const path = { site: site.id, zone: zone.id, roll: roll.id }
  const submit = () => {
    setSent(true)
    if (Object.values(faults(range)).some(Boolean)) return
    if (!isPaper(form)) return download(path, form, range)
    const query = { first: Number(range.first), last: Number(range.last) }
    run(async () => setPrinted(await api.get('/api/v1/sites/{site}/zones/{zone}/rolls/{roll}/codes', { path, query })))
  }
  const forms = zone.kind === 'compatible' ? [...papers, ...files] : [...papers, files[0]]
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t('web.roll.print.of', { roll: t('web.roll.name', { number: roll.number }) })}
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
          <NativeSelect
            label={t('web.paper.form')}
            description={t(`web.paper.form.${form}.text`)}
            data-autofocus
            value={form}
            onChange={(e) => setForm(e.currentTarget.value as Form)}
            data={forms.map((f) => ({ value: f, label: t(`web.paper.form.${f}`) }))}
          />
          <RangeFields
            value={range}
            set={(change) => setRange({ ...range, ...change })}
            fault={(name) => (sent ? faults(range)[name] : undefined)}
          />
          {paper && (
            <Textarea
              label={t('web.paper.instructions')}
              description={t('web.paper.instructions.text')}
              autosize
              minRows={2}
              maxLength={300}
              value={how}
              onChange={(e) => setHow(e.currentTarget.value)}
            />
          )}
          {roll.sold_only && <Text className="dimmed">{t('web.paper.unsold')}</Text>}
          {error !== null && (
            <Text c="red.9" role="alert">
              {explain(error)}
            </Text>
          )}
          {(busy || printed) && <Waiting>{t('web.paper.waiting')}</Waiting>}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {t('web.done')}
            </Button>
            <Button type="submit" loading={busy}>
              {t.count(paper ? 'web.paper.print' : 'web.paper.download', sizeOf(range))}
            </Button>
          </Group>
        </Stack>
      </form>
      {printed && paper && <Sheets paper={form} printed={printed} how={how} done={done} />}
    </Modal>
  )
}

/** The network that a zone's way names, else the first that guests log into by a page. */
function networkOf(zone: Zone, site: ReturnType<typeof useSite>): string | undefined {
  return zone.ways.find((w) => w.ssid)?.ssid ?? site.networks.find((n) => n.kind === 'open_portal')?.ssid
}

/** The browser fetches and names the file by itself. */
function download(path: { site: string; zone: string; roll: string }, style: string, range: Range) {
  const link = document.createElement('a')
  const query = new URLSearchParams({ style, ...range })
  link.href = `/api/v1/sites/${path.site}/zones/${path.zone}/rolls/${path.roll}/codes.csv?${query}`
  link.download = ''
  link.click()
}
