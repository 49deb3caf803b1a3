import { type ClipboardEvent, memo, useCallback } from 'react'
import type { Key } from '../text/text.ts'
import { useText } from '../text/useText.tsx'
import type { RowFaults } from './batch.ts'
import classes from './Groups.module.css'
import { cellsOf, type Column, columns, isBlank, type Member, type memberFaults, membersMost, paste, tidied } from './table.ts'

type TableProps = {
  members: readonly Member[]
  own: ReturnType<typeof memberFaults>
  theirs: RowFaults
  edit: (next: (rows: readonly Member[]) => readonly Member[]) => void
}

/** A line for each person, which takes lines of a spreadsheet from its clipboard. */
export function MemberTable({ members, own, theirs, edit }: TableProps) {
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
