import { Menu, TextInput, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { sitesQuery } from '../api/queries.ts'
import { Icon } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { stored } from '../stored.ts'
import { useText } from '../text/useText.tsx'
import classes from './Frame.module.css'

/** With more sites than this one can be searched for. */
const surveyable = 7

export function SiteSwitch() {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const { data } = useQuery(sitesQuery)
  const [filter, setFilter] = useState('')
  const sites = (data ?? []).filter((s) => !s.archived_at)
  const shown = sites.filter((s) => s.name.toLowerCase().includes(filter.trim().toLowerCase()))
  const go = (id: string) => {
    stored.set('site', id)
    navigate({ to: '/sites/$site', params: { site: id } })
  }
  const label = (
    <>
      <Icon name="building" />
      <span>{site.name}</span>
    </>
  )
  if (sites.length < 2) return <div className={classes.site}>{label}</div>
  return (
    <Menu position="bottom-start" width={260} onClose={() => setFilter('')}>
      <Menu.Target>
        <UnstyledButton className={classes.site} aria-label={t('web.site.switch', { site: site.name })}>
          {label}
          <Icon name="chevron" size={16} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflowY: 'auto' }}>
        {sites.length > surveyable && (
          <TextInput
            data-autofocus
            m={4}
            aria-label={t('web.site.search')}
            placeholder={t('web.site.search')}
            value={filter}
            onChange={(e) => setFilter(e.currentTarget.value)}
          />
        )}
        {shown.map((s) => (
          <Menu.Item key={s.id} onClick={() => go(s.id)} aria-current={s.id === site.id || undefined}>
            {s.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
