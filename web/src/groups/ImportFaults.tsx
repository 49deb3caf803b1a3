import { Alert } from '@mantine/core'
import { Problem } from '../api/problem.ts'
import { useProblemText } from '../look/States.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Groups.module.css'
import { mended } from './mend.ts'
import { type ImportFault, letterOf } from './sheet.ts'

/** The file as a whole could not be read: the server says where. */
export function FileFault({ error }: { error: unknown }) {
  const { t } = useText()
  const explain = useProblemText()
  const said = error instanceof Problem ? error.fields.file : undefined
  return (
    <Alert color="red" role="alert" title={t('web.import.unread')}>
      {said ?? explain(error)}
    </Alert>
  )
}

type Row = { line: number; refused?: ImportFault }

/** What is wrong with a file's lines. A line leads to its place, where there is a text to mend. */
export function Faults({ rows, show }: { rows: readonly Row[]; show?: (line: number) => void }) {
  const { t } = useText()
  const bad = rows.filter((r) => r.refused)
  if (bad.length === 0) return null
  return (
    <div>
      {show && (
        <p id="mend" className={classes.hint}>
          {t('web.import.mend')}
        </p>
      )}
      <div className={classes.tablebox}>
        <table className={classes.faults} aria-describedby={show && 'mend'}>
          <thead>
            <tr>
              <th scope="col">{t('web.import.line')}</th>
              <th scope="col">{t('web.import.column')}</th>
              <th scope="col">{t('web.import.what')}</th>
            </tr>
          </thead>
          <tbody>
            {bad.map((r) => (
              <tr key={r.line}>
                <td>
                  {show ? (
                    <button type="button" className={classes.line} onClick={() => show(r.line)}>
                      {r.line}
                    </button>
                  ) : (
                    r.line
                  )}
                </td>
                <td>{r.refused && where(r.refused)}</td>
                <td>{r.refused && <What fault={r.refused} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

const where = (f: ImportFault) => [f.place && letterOf(f.place), f.column].filter(Boolean).join(' · ') || '–'

function What({ fault }: { fault: ImportFault }) {
  const { t } = useText()
  return mended(t, fault.type, fault.detail)
}
