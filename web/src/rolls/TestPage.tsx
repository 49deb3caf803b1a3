import { Alert, Button, Textarea } from '@mantine/core'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { useAct } from '../dialog/useAct.ts'
import { Icon, type IconName } from '../look/Icon.tsx'
import { useProblemText, Waiting } from '../look/States.tsx'
import { Line } from '../settings/kit/Lines.tsx'
import page from '../settings/kit/Page.module.css'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { codesOf, testMost } from './batch.ts'
import { OfZone } from './OfZone.tsx'
import type { Tested, Zone } from './queries.ts'
import classes from './Rolls.module.css'
import { useSpan } from './useSpan.ts'

/** What codes are worth, without using them. */
export function TestPage() {
  const { t } = useText()
  return (
    <OfZone title={t('web.rolls.test')} intro={t('web.rolls.test.text')}>
      {(zone) => <Try zone={zone} />}
    </OfZone>
  )
}

function Try({ zone }: { zone: Zone }) {
  const { t } = useText()
  const site = useSite()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [text, setText] = useState('')
  const [found, setFound] = useState<Tested | null>(null)
  const count = codesOf(text).length
  const submit = () =>
    run(async () => {
      const path = { site: site.id, zone: zone.id }
      setFound(await api.post('/api/v1/sites/{site}/zones/{zone}/test', { path, body: { codes: text } }))
    })
  return (
    <>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault()
          submit()
        }}
      >
        <Textarea
          label={t('web.rolls.codes')}
          description={t('web.rolls.test.codes.text', { most: testMost })}
          classNames={{ input: classes.code }}
          autosize
          minRows={2}
          maxRows={12}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={text}
          onChange={(e) => {
            setText(e.currentTarget.value)
            setFound(null)
          }}
          error={count > testMost ? t('web.rolls.fault.most', { most: testMost }) : undefined}
        />
        {error !== null && (
          <Alert color="red" role="alert">
            {explain(error)}
          </Alert>
        )}
        {busy && <Waiting>{t('web.waiting')}</Waiting>}
        <Button type="submit" loading={busy} disabled={count === 0 || count > testMost}>
          {count === 0 ? t('web.rolls.test') : t.count('web.rolls.test.action', count)}
        </Button>
      </form>
      <div role="status" className={page.part}>
        {found && <Verdict zone={zone} found={found} />}
      </div>
    </>
  )
}

function Verdict({ zone, found: f }: { zone: Zone; found: Tested }) {
  const { t } = useText()
  const span = useSpan()
  const tone = !f.granted ? 'bad' : zone.enabled ? 'good' : 'warn'
  return (
    <>
      <div className={classes.verdict} data-tone={tone}>
        <Icon name={tone === 'good' ? 'in' : 'warn'} />
        <div>
          <strong>
            {f.granted ? t.count('web.rolls.test.good', f.items.length, { time: span.whole(f.seconds) }) : t('web.rolls.test.bad')}
          </strong>
          {!zone.enabled && <div>{t('web.zone.off')}</div>}
          {f.refused && (
            <div>
              {t('web.rolls.test.reads', { message: f.refused === 'expired' ? zone.expired_message : zone.invalid_message })}
            </div>
          )}
          {!f.granted && f.items.length > 1 && <div>{t('web.rolls.test.together')}</div>}
        </div>
      </div>
      <ul className={page.lines} aria-label={t('web.rolls.test.results')}>
        {f.items.map((one, i) => (
          <One key={i} tested={one} />
        ))}
      </ul>
    </>
  )
}

type State = Tested['items'][number]['state']

const looks: Record<State, { icon: IconName; tone?: 'good' | 'warn' | 'bad' }> = {
  ready: { icon: 'in', tone: 'good' },
  active: { icon: 'clock', tone: 'good' },
  expired: { icon: 'expired', tone: 'bad' },
  invalid: { icon: 'absent', tone: 'bad' },
  repeated: { icon: 'copy' },
}

function One({ tested: c }: { tested: Tested['items'][number] }) {
  const { t } = useText()
  const span = useSpan()
  const when = useWhen()
  const time = span.whole(c.seconds ?? 0)
  const meaning = c.why
    ? t.known(`web.rolls.why.${c.why.reason}`, c.why.message)
    : t(`web.rolls.state.${c.state}.text`, { time, at: when(c.ends_at) })
  return (
    <Line
      {...looks[c.state]}
      title={<span className={classes.code}>{c.code}</span>}
      note={
        <>
          <div>{meaning}</div>
          {c.printed && c.printed !== c.code && <div>{t('web.rolls.test.printed', { code: c.printed })}</div>}
          {c.number !== undefined && c.ticket !== undefined && (
            <div>{t('web.rolls.ticket', { number: c.number, ticket: c.ticket })}</div>
          )}
        </>
      }
      side={t(`web.rolls.state.${c.state}`)}
    />
  )
}
