import { Button, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Icon } from '../look/Icon.tsx'
import { Empty } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { useNow } from '../useNow.ts'
import { Age } from './Age.tsx'
import classes from './Evacuation.module.css'
import { OfflineNote } from './OfflineNote.tsx'
import { asListed, matches } from './marks.ts'
import type { Outbox } from './outbox.ts'
import { ListPaper } from './Paper.tsx'
import { Who } from './Person.tsx'
import { StartDialog } from './StartDialog.tsx'
import { Tools } from './Tools.tsx'
import type { RollCall } from './types.ts'
import type { Shown } from './useEvacuation.ts'
import { useSaying } from './useSaying.ts'

/** The list while there is no roll call. */
export function EveryoneHere({ shown, kept, box }: { shown: Shown; kept: boolean; box: Outbox }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const now = useNow(30_000)
  const [sought, setSought] = useState('')
  const [starting, setStarting] = useState(false)
  const people = shown.list?.people ?? []
  const found = sought.trim() ? people.filter((p) => matches(p, sought)) : people
  return (
    <div className={classes.page}>
      <h1>{t('web.evacuation.title')}</h1>
      <Age readAt={shown.readAt} />
      <header className={classes.head}>
        <p>{t('web.evacuation.note')}</p>
        <div className={classes.row}>
          {can('evacuation.write') && (
            <Button size="lg" color="red.9" leftSection={<Icon name="evacuation" />} onClick={() => setStarting(true)}>
              {t('web.evacuation.start')}
            </Button>
          )}
          <Tools csv={`/api/v1/sites/${site.id}/evacuation.csv`} />
        </div>
      </header>
      <section className={classes.part} aria-label={t.count('web.evacuation.people', people.length)}>
        <div className={classes.listhead}>
          <h2>{t.count('web.evacuation.people', people.length)}</h2>
          {people.length > 0 && (
            <TextInput
              size="md"
              type="search"
              className={classes.search}
              aria-label={t('web.evacuation.search')}
              placeholder={t('web.evacuation.search')}
              leftSection={<Icon name="search" size={18} />}
              value={sought}
              onChange={(e) => setSought(e.currentTarget.value)}
            />
          )}
        </div>
        {people.length === 0 ? (
          <Empty icon="evacuation" title={t('web.evacuation.nobody')} />
        ) : found.length === 0 ? (
          <Empty icon="search" title={t('web.evacuation.notfound', { query: sought.trim() })} />
        ) : (
          <ul className={classes.people}>
            {found.map((p) => (
              <li key={p.visit_id} className={classes.person}>
                <Who person={p} now={now} />
              </li>
            ))}
          </ul>
        )}
      </section>
      <Earlier calls={shown.calls} now={now} />
      <OfflineNote box={box} kept={kept} />
      {starting && <StartDialog box={box} list={shown.list} close={() => setStarting(false)} />}
      <ListPaper people={asListed(people, '')} readAt={shown.readAt} />
    </div>
  )
}

function Earlier({ calls, now }: { calls: readonly RollCall[]; now: number }) {
  const { t } = useText()
  const site = useSite()
  const say = useSaying()
  const ended = calls.filter((c) => c.ended_at)
  if (ended.length === 0) return null
  return (
    <section className={classes.part} aria-label={t('web.evacuation.earlier')}>
      <h2>{t('web.evacuation.earlier')}</h2>
      <ul className={classes.reports}>
        {ended.map((c) => (
          <li key={c.id}>
            <Link to="/sites/$site/evacuation/$rollcall" params={{ site: site.id, rollcall: c.id }}>
              <span>{t(`web.evacuation.kind.${c.kind}`)}</span>
              <span>{t('web.evacuation.span', { from: say.at(c.started_at, now), to: say.at(c.ended_at ?? '', now) })}</span>
              <Icon name="chevron" size={18} />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}
