import { Input, NativeSelect, TextInput } from '@mantine/core'
import { useId, useState } from 'react'
import { useText } from '../../text/useText.tsx'
import classes from './Page.module.css'
import { inUnit, toSeconds, type Unit, unitOf, units } from './span.ts'

type Props = { label: string; description?: string; seconds: number; onChange: (seconds: number) => void; error?: string }

/** How long something takes, in the unit that suits. */
export function SpanInput({ label, description, seconds, onChange, error }: Props) {
  const { t } = useText()
  const id = useId()
  const [unit, setUnit] = useState<Unit>(() => unitOf(seconds))
  return (
    <Input.Wrapper id={id} label={label} description={description} error={error}>
      <div className={classes.span}>
        <TextInput
          id={id}
          type="number"
          min={0}
          value={Number.isNaN(seconds) ? '' : inUnit(seconds, unit)}
          onChange={(e) => onChange(toSeconds(e.currentTarget.valueAsNumber, unit))}
          error={Boolean(error)}
        />
        <NativeSelect
          aria-label={t('web.settings.unit', { what: label })}
          value={unit}
          onChange={(e) => {
            const next = e.currentTarget.value as Unit
            setUnit(next)
            onChange(toSeconds(inUnit(seconds, unit), next))
          }}
          data={units.map((u) => ({ value: u, label: t(`web.settings.unit.${u}`) }))}
        />
      </div>
    </Input.Wrapper>
  )
}
