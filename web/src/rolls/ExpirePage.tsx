import { Alert, Button, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Icon } from '../look/Icon.tsx'
import { useProblemText } from '../look/States.tsx'
import { Line } from '../settings/kit/Lines.tsx'
import page from '../settings/kit/Page.module.css'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { expireAll, type Expired, expireMost, linesOf } from './batch.ts'
import { OfZone } from './OfZone.tsx'
import { readAgain, type Zone } from './queries.ts'
import classes from './Rolls.module.css'
import { useNumber } from './useNumber.ts'

/** Ends codes for good, before or during use, as many as somebody has on a list. */
export function ExpirePage() {
  const { t } = useText()
  return (
    <OfZone title={t('web.rolls.expire')} intro={t('web.rolls.expire.text')}>
      {(zone) => <Batch zone={zone} />}
    </OfZone>
  )
}

function Batch({ zone }: { zone: Zone }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const number = useNumber()
  const [text, setText] = useState('')
  const [asking, setAsking] = useState(false)
  const [report, setReport] = useState<Expired | null>(null)
  const [error, setError] = useState<unknown>(null)
  const lines = linesOf(text)

  const expire = async () => {
    setError(null)
    setReport(null)
    let done = 0
    const send = (codes: string) =>
      api.post('/api/v1/sites/{site}/zones/{zone}/expire', { path: { site: site.id, zone: zone.id }, body: { codes } })
    try {
      await expireAll(lines, send, (sofar) => {
        done = sofar.done
        setReport(sofar)
      })
    } catch (e) {
      setError(e)
    }
    // What was not dealt with is still there to be tried again.
    setText(lines.slice(done).join('\n'))
    setAsking(false)
    await readAgain(client, site.id)
  }
  return (
    <>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault()
          setAsking(true)
        }}
      >
        <Textarea
          label={t('web.rolls.codes')}
          description={t('web.rolls.expire.codes.text', { most: number.whole(expireMost) })}
          classNames={{ input: classes.code }}
          autosize
          minRows={4}
          maxRows={16}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={text}
          onChange={(e) => {
            setText(e.currentTarget.value)
            setReport(null)
            setError(null)
          }}
          error={lines.length > expireMost ? t('web.rolls.fault.most', { most: number.whole(expireMost) }) : undefined}
        />
        <Button type="submit" color="red.9" disabled={lines.length === 0 || lines.length > expireMost}>
          {lines.length === 0 ? t('web.rolls.expire') : t.count('web.rolls.expire.action', lines.length)}
        </Button>
      </form>
      <div className={page.part} role="status">
        {report && <Report report={report} />}
        {error !== null && <Stopped error={error} left={lines.length} />}
      </div>
      {asking && (
        <Confirm
          title={t.count('web.rolls.expire.ask', lines.length)}
          action={t.count('web.rolls.expire.action', lines.length)}
          waiting={t('web.rolls.expire.waiting', { done: report?.done ?? 0, all: lines.length })}
          danger
          close={() => setAsking(false)}
          act={expire}
        >
          {t('web.rolls.expire.ask.text', { zone: zone.name })}
        </Confirm>
      )}
    </>
  )
}

/** A part of the list is done, the rest is still in the field. */
function Stopped({ error, left }: { error: unknown; left: number }) {
  const { t } = useText()
  const explain = useProblemText()
  return (
    <Alert color="red" role="alert">
      {explain(error)} {t.count('web.rolls.expire.stopped', left)}
    </Alert>
  )
}

function Report({ report: r }: { report: Expired }) {
  const { t } = useText()
  const over = r.done - r.expired - r.passed_over.length
  return (
    <>
      <div className={classes.verdict} data-tone={r.passed_over.length > 0 ? 'warn' : 'good'}>
        <Icon name={r.passed_over.length > 0 ? 'warn' : 'in'} />
        <div>
          <strong>{t.count('web.rolls.expire.done', r.expired)}</strong>
          {r.active > 0 && <div>{t.count('web.rolls.expire.cut', r.active)}</div>}
          {over > 0 && <div>{t.count('web.rolls.expire.over', over)}</div>}
          {r.passed_over.length > 0 && <div>{t.count('web.rolls.expire.passed', r.passed_over.length)}</div>}
        </div>
      </div>
      {r.passed_over.length > 0 && (
        <ul className={page.lines} aria-label={t('web.rolls.expire.results')}>
          {r.passed_over.map((p) => (
            <Line
              key={p.line}
              icon="absent"
              tone="bad"
              title={<span className={classes.code}>{p.code}</span>}
              note={t.known(`web.rolls.why.${p.reason}`, p.message)}
              side={t('web.rolls.expire.line', { line: p.line })}
            />
          ))}
        </ul>
      )}
    </>
  )
}
