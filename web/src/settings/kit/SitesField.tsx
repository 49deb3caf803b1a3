import { Checkbox, Input } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { sitesQuery } from '../../api/queries.ts'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import classes from './Page.module.css'

export type Reach = { all_sites: boolean; sites: string[] }

type Props = { value: Reach; onChange: (reach: Reach) => void; error?: string }

/** Which sites somebody or something reaches. */
export function SitesField({ value, onChange, error }: Props) {
  const { t } = useText()
  const { me } = useMe()
  const { data = [] } = useQuery(sitesQuery)
  const every = me?.all_sites ?? false
  return (
    <Input.Wrapper label={t('web.settings.sites')} labelElement="div" error={error}>
      {every && (
        <Checkbox
          py={4}
          label={t('web.settings.sites.all')}
          checked={value.all_sites}
          onChange={(e) => onChange({ ...value, all_sites: e.currentTarget.checked })}
        />
      )}
      {!value.all_sites && (
        <Checkbox.Group
          aria-label={t('web.settings.sites')}
          value={value.sites}
          onChange={(sites) => onChange({ ...value, sites })}
        >
          <div className={classes.choices}>
            {data.map((s) => (
              <Checkbox key={s.id} value={s.id} label={s.name} />
            ))}
          </div>
        </Checkbox.Group>
      )}
    </Input.Wrapper>
  )
}

/** In words: all sites, or their names. */
export function useReach(): (reach: { all_sites: boolean; sites?: string[] }) => string {
  const { t } = useText()
  const { data = [] } = useQuery(sitesQuery)
  return (reach) =>
    reach.all_sites
      ? t('web.settings.sites.all')
      : (reach.sites ?? []).map((id) => data.find((s) => s.id === id)?.name ?? id.slice(0, 8)).join(', ')
}
