import { Button, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import type { Person } from '../../api/types.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { useToast } from '../../look/Toasts.tsx'
import { useText } from '../../text/useText.tsx'
import { Line, Lines } from '../kit/Lines.tsx'
import { Part } from '../kit/Page.tsx'
import classes from '../kit/Page.module.css'
import { erasuresQuery, peopleQuery } from './queries.ts'

const nameOf = (p: Person) => `${p.first_name} ${p.last_name}`.trim()

/** Somebody who asks what is held of them, or to be forgotten. */
export function OnePerson() {
  const { t } = useText()
  const client = useQueryClient()
  const toast = useToast()
  const [typed, setTyped] = useState('')
  const [q, setQ] = useState('')
  const [erasing, setErasing] = useState<Person | null>(null)
  const people = useQuery(peopleQuery(q))
  return (
    <Part title={t('web.person.title')} text={t('web.person.text')}>
      <form
        role="search"
        className={classes.save}
        onSubmit={(e) => {
          e.preventDefault()
          setQ(typed.trim())
        }}
      >
        <TextInput
          style={{ flex: 1 }}
          aria-label={t('web.person.search')}
          placeholder={t('web.person.search')}
          autoComplete="off"
          value={typed}
          onChange={(e) => setTyped(e.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          {t('web.person.find')}
        </Button>
      </form>
      {q && (
        <Lines query={people} empty={t('web.person.none')}>
          {(p) => (
            <Line
              key={p.id}
              icon="user"
              title={nameOf(p)}
              note={[p.email, p.company].filter(Boolean).join(' · ')}
              side={t.count('web.person.visits', p.visits)}
            >
              <Button component="a" href={`/api/v1/people/${p.id}/export`} download variant="default" size="xs" fz="sm">
                {t('web.person.export')}
              </Button>
              <Button variant="default" c="var(--bad)" size="xs" fz="sm" onClick={() => setErasing(p)}>
                {t('web.users.erase')}
              </Button>
            </Line>
          )}
        </Lines>
      )}
      {erasing && (
        <Confirm
          title={t('web.person.erase.ask', { name: nameOf(erasing) })}
          action={t('web.users.erase')}
          waiting={t('web.waiting')}
          danger
          close={() => setErasing(null)}
          act={async () => {
            await api.delete('/api/v1/people/{person}', { path: { person: erasing.id } })
            setErasing(null)
            toast({ text: t('web.person.erased') })
            await client.invalidateQueries({ queryKey: ['people'] })
            await client.invalidateQueries({ queryKey: erasuresQuery.queryKey })
          }}
        >
          {t('web.person.erase.text')}
        </Confirm>
      )}
    </Part>
  )
}
