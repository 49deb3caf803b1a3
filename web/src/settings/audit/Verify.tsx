import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { sitesQuery } from '../../api/queries.ts'
import type { components } from '../../api/schema.ts'
import { useAct } from '../../dialog/useAct.ts'
import { Icon } from '../../look/Icon.tsx'
import { useProblemText, Waiting } from '../../look/States.tsx'
import { useText } from '../../text/useText.tsx'
import { Part } from '../kit/Page.tsx'
import { breakOf } from './actions.ts'
import classes from './Audit.module.css'

type Report = components['schemas']['VerifyAuditAnswer']

/** Whether the record is whole and unchanged. */
export function Verify({ chain }: { chain: string }) {
  const { t } = useText()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [found, setFound] = useState<{ chain: string; report: Report } | null>(null)
  const verify = async () => {
    const report = await api.get('/api/v1/audit/verify', { query: { chain } })
    setFound({ chain, report })
  }
  const report = found?.chain === chain && !busy ? found.report : null
  return (
    <Part
      title={t('web.audit.verify')}
      text={t('web.audit.verify.text')}
      action={
        <Button loading={busy} onClick={() => run(verify)}>
          {t('web.audit.verify.action')}
        </Button>
      }
    >
      {busy && <Waiting>{t('web.audit.verify.waiting')}</Waiting>}
      {error !== null && <p role="alert">{explain(error)}</p>}
      {report && <Verdict report={report} />}
    </Part>
  )
}

function Verdict({ report }: { report: Report }) {
  const { t } = useText()
  const { data: sites = [] } = useQuery(sitesQuery)
  const bad = report.first_bad
  if (!bad) {
    return (
      <div className={classes.verdict} role="status">
        <Icon name="done" />
        <span>{t.count('web.audit.good', report.rows)}</span>
      </div>
    )
  }
  const where = sites.find((s) => s.id === bad.chain)?.name ?? (bad.chain === 'deployment' ? t('web.audit.deployment') : bad.chain)
  return (
    <div className={classes.verdict} data-bad role="alert">
      <Icon name="warn" />
      <div>
        <strong>{t(`web.audit.bad.${breakOf(bad.reason)}`, { chain: where, row: bad.seq })}</strong>
        <div>{t('web.audit.bad.todo')}</div>
        <details className={classes.technical}>
          <summary>{t('web.audit.technical')}</summary>
          {bad.reason}
        </details>
      </div>
    </div>
  )
}
