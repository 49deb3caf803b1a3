import { NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { sitesQuery } from '../api/queries.ts'
import { Icon } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'

const pause = 300

type Props = { label: string; description?: string; value: string; onChange: (q: string) => void }

/** Searches when somebody has stopped typing. */
export function SearchField({ label, description, value, onChange }: Props) {
  const [typed, setTyped] = useState(value)
  const search = useRef(onChange)
  search.current = onChange
  useEffect(() => {
    if (typed.trim() === value) return
    const timer = setTimeout(() => search.current(typed.trim()), pause)
    return () => clearTimeout(timer)
  }, [typed, value])
  return (
    <TextInput
      type="search"
      label={label}
      description={description}
      autoComplete="off"
      leftSection={<Icon name="search" size={16} />}
      value={typed}
      onChange={(e) => setTyped(e.currentTarget.value)}
    />
  )
}

/** This site or all of them, for who sees several. */
export function SitesFilter({ all, onChange }: { all: boolean; onChange: (all: boolean) => void }) {
  const { t } = useText()
  const site = useSite()
  const { data = [] } = useQuery(sitesQuery)
  if (data.length < 2) return null
  return (
    <NativeSelect
      label={t('web.guests.filter.site')}
      value={all ? 'all' : 'one'}
      onChange={(e) => onChange(e.currentTarget.value === 'all')}
      data={[
        { value: 'one', label: site.name },
        { value: 'all', label: t('web.guests.filter.sites') },
      ]}
    />
  )
}
