import { Button, Group, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Icon } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { day as longDay, shortDay } from '../time.ts'
import classes from './Groups.module.css'
import { clockNotes, type Days, type DaysFaults, daysMost, daysOf, isDay, withDay, withoutDay } from './series.ts'

type Props = { days: Days; change: (days: Days) => void; faults: DaysFaults }

/** On which days, when, and what comes of it. A day's text at noon is its own in every zone. */
export function DaysFields({ days, change, faults }: Props) {
  const { t } = useText()
  const field = (name: 'from' | 'to' | 'arrives' | 'departs', type: 'date' | 'time') => (
    <TextInput
      type={type}
      label={t(`web.series.${name}`)}
      value={days[name]}
      onChange={(e) => change({ ...days, [name]: e.currentTarget.value })}
      error={faults[name] && t(faults[name])}
    />
  )
  return (
    <div className={classes.days}>
      <div className={classes.four}>
        {field('from', 'date')}
        {field('to', 'date')}
        {field('arrives', 'time')}
        {field('departs', 'time')}
      </div>
      <Weekdays days={days} change={change} />
      <Preview days={days} change={change} />
      {faults.days && (
        <p role="alert" className={classes.bad}>
          {t(faults.days, { most: daysMost })}
        </p>
      )}
    </div>
  )
}

// A Monday and the days after it.
const week = [4, 5, 6, 7, 8, 9, 10].map((n) => `2027-01-${String(n).padStart(2, '0')}T12:00:00Z`)

function Weekdays({ days, change }: Omit<Props, 'faults'>) {
  const { t, language } = useText()
  const format = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' })
  const full = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' })
  return (
    <div role="group" aria-label={t('web.series.weekdays')} className={classes.week}>
      {week.map((at, i) => {
        const number = i + 1
        const on = days.weekdays.includes(number)
        const weekdays = on ? days.weekdays.filter((d) => d !== number) : [...days.weekdays, number]
        return (
          <button
            key={at}
            type="button"
            className={classes.weekday}
            aria-pressed={on}
            title={full.format(new Date(at))}
            onClick={() => change({ ...days, weekdays })}
          >
            {format.format(new Date(at))}
          </button>
        )
      })}
    </div>
  )
}

function Preview({ days, change }: Omit<Props, 'faults'>) {
  const { t, language } = useText()
  const site = useSite()
  const [also, setAlso] = useState('')
  const list = daysOf(days)
  const short = (day: string) => shortDay(`${day}T12:00:00Z`, 'UTC', language)
  const add = () => {
    if (isDay(also)) change(withDay(days, also))
    setAlso('')
  }
  return (
    <section className={classes.preview} aria-label={t('web.series.preview')}>
      <p className={classes.note} role="status">
        {list.length > daysMost ? t('web.fault.manydays', { most: daysMost }) : t.count('web.series.days', list.length)}
      </p>
      <ul className={classes.chips}>
        {list.slice(0, daysMost).map((day) => (
          <li key={day} className={classes.chip}>
            {short(day)}
            <button
              type="button"
              aria-label={t('web.series.without', { day: short(day) })}
              onClick={() => change(withoutDay(days, day))}
            >
              <Icon name="close" size={14} />
            </button>
          </li>
        ))}
      </ul>
      <Group gap="xs" align="end">
        <TextInput
          type="date"
          label={t('web.series.also')}
          value={also}
          onChange={(e) => setAlso(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key !== 'Enter') return
            e.preventDefault()
            add()
          }}
        />
        <Button variant="default" disabled={!isDay(also)} onClick={add}>
          {t('web.series.add')}
        </Button>
      </Group>
      {clockNotes(days, site.timezone).map((n) => (
        <p key={`${n.kind} ${n.day}`} className={classes.note}>
          {n.kind === 'moved'
            ? t('web.series.moved', { day: short(n.day), wanted: n.wanted, shown: n.shown })
            : t('web.series.clocks', { day: longDay(`${n.day}T12:00:00Z`, 'UTC', language), site: site.name })}
        </p>
      ))}
    </section>
  )
}
