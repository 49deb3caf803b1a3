import { Combobox, TextInput, type TextInputProps, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { peopleQuery } from '../api/queries.ts'
import type { Person } from '../api/types.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { shortDay } from '../time.ts'
import { useMe } from '../useMe.ts'
import classes from './VisitForm.module.css'

type Props = TextInputProps & {
  value: string
  /** What is looked for: the field, with what stands in the others that name a person. */
  sought: string
  onText: (text: string) => void
  onPerson: (p: Person) => void
}

const lettersLeast = 2
const settled = 200

/** A field of a visitor that offers those who were here before, where that may be seen. */
export function Returning({ value, sought, onText, onPerson, ...rest }: Props) {
  const { t } = useText()
  const { me, can } = useMe()
  const site = useSite()
  // Only who types is helped: a field filled in otherwise asks nothing.
  const [touched, setTouched] = useState(false)
  const [wanted] = useDebouncedValue(sought.trim(), settled)
  const allowed = can('people.read') && !me?.own_visits
  const asks = allowed && touched && value.trim().length >= lettersLeast && wanted.length >= lettersLeast
  const { data } = useQuery({ ...peopleQuery(site.id, wanted), enabled: asks })
  const people = asks ? (data ?? []) : []
  const box = useCombobox({
    opened: people.length > 0,
    onOpenedChange: (opened) => !opened && setTouched(false),
    onDropdownClose: () => box.resetSelectedOption(),
  })
  const choose = (id: string) => {
    const person = people.find((p) => p.id === id)
    if (person) onPerson(person)
    setTouched(false)
    box.resetSelectedOption()
  }
  return (
    <Combobox store={box} onOptionSubmit={choose} withinPortal>
      <Combobox.Target withExpandedAttribute autoComplete="off">
        <TextInput
          {...rest}
          autoComplete="off"
          value={value}
          onChange={(e) => {
            onText(e.currentTarget.value)
            setTouched(true)
          }}
          onBlur={() => setTouched(false)}
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Header>{t('web.returning.title')}</Combobox.Header>
        <Combobox.Options mah={260} className={classes.options} aria-label={t('web.returning.title')}>
          {people.map((p) => (
            <Combobox.Option key={p.id} value={p.id}>
              <Known person={p} />
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}

function Known({ person: p }: { person: Person }) {
  const { t, language } = useText()
  const site = useSite()
  const last = p.last_visit
  const host = last?.host.name || last?.host.email
  return (
    <>
      <span className={classes.known}>{[p.first_name, p.last_name].filter(Boolean).join(' ')}</span>
      <span className={classes.about}>
        {[
          p.company,
          p.email,
          last && t('web.returning.last', { day: shortDay(last.expected_arrival, site.timezone, language) }),
          host && t('web.returning.host', { host }),
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </>
  )
}
