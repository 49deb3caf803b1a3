import { ActionIcon, Button, Input, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { nasesQuery } from '../api/queries.ts'
import { Icon } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import type { Way } from './queries.ts'
import classes from './Rolls.module.css'

type Props = { value: readonly Way[]; onChange: (ways: Way[]) => void; error?: string }

/** From which access points, and which of their networks, logins come to the zone. */
export function WaysFields({ value, onChange, error }: Props) {
  const { t } = useText()
  const site = useSite()
  const { data: nases = [] } = useQuery(nasesQuery(site.id))
  const put = (at: number, way: Partial<Way>) => onChange(value.map((w, i) => (i === at ? { ...w, ...way } : w)))
  return (
    <Input.Wrapper label={t('web.zone.ways')} labelElement="div" description={t('web.zone.ways.text')} error={error}>
      <div className={classes.ways} role="group" aria-label={t('web.zone.ways')}>
        {value.map((way, i) => (
          // The order says which is which: ways have no names.
          <div key={i} className={classes.way}>
            <NativeSelect
              aria-label={t('web.zone.way.nas', { number: i + 1 })}
              value={way.nas_id}
              onChange={(e) => put(i, { nas_id: e.currentTarget.value })}
              data={nases.map((n) => ({ value: n.id, label: n.name }))}
            />
            <TextInput
              aria-label={t('web.zone.way.ssid', { number: i + 1 })}
              placeholder={t('web.zone.way.every')}
              autoComplete="off"
              value={way.ssid ?? ''}
              onChange={(e) => put(i, { ssid: e.currentTarget.value })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('web.zone.way.remove', { number: i + 1 })}
              onClick={() => onChange(value.filter((_, at) => at !== i))}
            >
              <Icon name="close" />
            </ActionIcon>
          </div>
        ))}
        {nases.length === 0 ? (
          <p className="dimmed">{t('web.zone.ways.none')}</p>
        ) : (
          <Button
            variant="default"
            leftSection={<Icon name="plus" size={16} />}
            onClick={() => onChange([...value, { nas_id: nases[0]?.id ?? '', ssid: '' }])}
          >
            {t('web.zone.way.add')}
          </Button>
        )}
      </div>
    </Input.Wrapper>
  )
}
