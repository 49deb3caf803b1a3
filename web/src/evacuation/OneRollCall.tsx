import { Button, TextInput } from '@mantine/core'
import { type KeyboardEvent, useCallback, useRef, useState } from 'react'
import { Icon } from '../look/Icon.tsx'
import { Empty } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { useNow } from '../useNow.ts'
import { Age } from './Age.tsx'
import { EndDialog } from './EndDialog.tsx'
import classes from './Evacuation.module.css'
import { accountedFor, count, matches } from './marks.ts'
import { OfflineNote } from './OfflineNote.tsx'
import type { Outbox } from './outbox.ts'
import { ListPaper } from './Paper.tsx'
import { Person } from './Person.tsx'
import { Tools } from './Tools.tsx'
import type { MarkMade } from './types.ts'
import type { Going } from './useEvacuation.ts'
import { useSaying } from './useSaying.ts'
import { useSteady } from './useSteady.ts'

const longAfter = 24 * 60 * 60_000

type Props = { going: Going; readAt: number; ahead: number; kept: boolean; box: Outbox }

/** The roll call that goes on. */
export function OneRollCall({ going: { rollCall, people, here }, readAt, ahead, kept, box }: Props) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const toast = useToast()
  const say = useSaying()
  const now = useNow(30_000)
  const [sought, setSought] = useState('')
  const [onlyRest, setOnlyRest] = useState(false)
  const [ending, setEnding] = useState(false)
  const counts = count(people)
  const wanted = people.filter((p) => (!onlyRest || !accountedFor(p)) && (!sought.trim() || matches(p, sought)))
  const { shown, touched } = useSteady(people, wanted, `${onlyRest} ${sought}`)
  const clock = useRef(ahead)
  clock.current = ahead
  const mark = useCallback(
    async (visit: string, said: MarkMade) => {
      if (!(await box.mark(site.id, rollCall.id, visit, said, clock.current))) toast({ text: t('web.evacuation.full'), bad: true })
    },
    [box, site.id, rollCall.id, toast, t],
  )
  return (
    <div className={classes.page} data-going>
      <h1 className={classes.kind} data-kind={rollCall.kind}>
        {t(`web.evacuation.kind.${rollCall.kind}`)}
      </h1>
      <Age readAt={readAt} />
      <header className={classes.head}>
        <p>
          {t('web.evacuation.started', { at: say.at(rollCall.started_at, now) })} {t('web.evacuation.note')}
        </p>
        {here && <Warning>{t('web.evacuation.here')}</Warning>}
        {now - Date.parse(rollCall.started_at) > longAfter && <Warning>{t('web.evacuation.long')}</Warning>}
        <div className={classes.row}>
          <Tools csv={here ? undefined : `/api/v1/sites/${site.id}/roll-calls/${rollCall.id}/report.csv`} />
          {can('evacuation.write') && !here && (
            <Button size="lg" variant="default" onClick={() => setEnding(true)}>
              {t('web.evacuation.end')}
            </Button>
          )}
        </div>
      </header>
      <section className={classes.part} aria-label={t.count('web.evacuation.people', people.length)}>
        <h2 className="sr">{t.count('web.evacuation.people', people.length)}</h2>
        {shown.length === 0 ? (
          <Empty icon={people.length > 0 && !sought ? 'done' : 'search'} title={nothing()} />
        ) : (
          // Arrow keys go from person to person; what they move is the focus, so that buttons stay buttons.
          <ul className={classes.people} onKeyDown={arrows} onPointerDown={touched} onFocus={touched}>
            {shown.map((p) => (
              <Person key={p.visit_id} person={p} now={now} onMark={can('evacuation.write') ? mark : undefined} />
            ))}
          </ul>
        )}
      </section>
      <OfflineNote box={box} kept={kept} />
      <div className={classes.foot}>
        <Progress counts={counts} />
        <div className={classes.find}>
          <TextInput
            size="lg"
            type="search"
            className={classes.search}
            aria-label={t('web.evacuation.search')}
            placeholder={t('web.evacuation.search.short')}
            leftSection={<Icon name="search" size={20} />}
            value={sought}
            onChange={(e) => setSought(e.currentTarget.value)}
          />
          <Button
            size="lg"
            px="md"
            variant={onlyRest ? 'filled' : 'default'}
            aria-pressed={onlyRest}
            onClick={() => setOnlyRest(!onlyRest)}
          >
            {t('web.evacuation.rest', { count: counts.people - counts.accounted })}
          </Button>
        </div>
      </div>
      {ending && <EndDialog rollCall={rollCall} counts={counts} box={box} close={() => setEnding(false)} />}
      <ListPaper people={people} readAt={readAt} rollCall={rollCall} />
    </div>
  )

  function nothing(): string {
    if (sought.trim()) return t('web.evacuation.notfound', { query: sought.trim() })
    return people.length > 0 ? t('web.evacuation.allfound') : t('web.evacuation.nobody')
  }
}

export function Warning({ children }: { children: string }) {
  return (
    <p className={classes.warning} role="status">
      <Icon name="warn" />
      <span>{children}</span>
    </p>
  )
}

function Progress({ counts }: { counts: ReturnType<typeof count> }) {
  const { t } = useText()
  const values = { count: counts.accounted, people: counts.people }
  return (
    <div className={classes.progress}>
      <p role="status">
        <strong>{t('web.evacuation.progress', values)}</strong>
        {counts.missing > 0 && <span>{t('web.evacuation.missing', { count: counts.missing })}</span>}
        {counts.unclear > 0 && <span>{t('web.evacuation.unclear', { count: counts.unclear })}</span>}
      </p>
      <progress value={counts.accounted} max={Math.max(1, counts.people)} aria-label={t('web.evacuation.progress', values)} />
    </div>
  )
}

/** Up and down lead to the same target of the next person, left and right to the next target. */
function arrows(e: KeyboardEvent<HTMLElement>): void {
  const target = (e.target as HTMLElement).closest('button')
  const row = target?.closest('li')
  if (!target || !row) return
  const at = [...row.querySelectorAll('button')].indexOf(target)
  const go: Record<string, [Element | null, number]> = {
    ArrowDown: [row.nextElementSibling, at],
    ArrowUp: [row.previousElementSibling, at],
    ArrowRight: [row, at + 1],
    ArrowLeft: [row, at - 1],
  }
  const [to, index] = go[e.key] ?? [null, 0]
  const next = to?.querySelectorAll('button')[index]
  if (!next) return
  e.preventDefault()
  next.focus()
}
