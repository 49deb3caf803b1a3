import { ActionIcon, Button, Checkbox, Input, NativeSelect, TextInput } from '@mantine/core'
import { Icon } from '../look/Icon.tsx'
import { Part } from '../settings/kit/Page.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Guests.module.css'
import { LanguageTexts } from './LanguageTexts.tsx'
import type { AccessRule } from './queries.ts'
import { allDay, blankRule, minutesOf, timeOf, weekdayName, weekdays } from './rule.ts'
import type { TemplateForm } from './TimesPart.tsx'

const rulesMost = 50

/** Who is let in where and when. The first rule that applies decides. */
export function RulesPart({ form: { value, set, fault } }: { form: TemplateForm }) {
  const { t } = useText()
  const change = (at: number, next: AccessRule | null) =>
    set({ rules: value.rules.flatMap((r, i) => (i !== at ? [r] : next ? [next] : [])) })
  return (
    <Part
      title={t('web.guests.rules')}
      text={t('web.guests.rules.text')}
      action={
        <Button
          variant="default"
          leftSection={<Icon name="plus" size={16} />}
          disabled={value.rules.length >= rulesMost}
          onClick={() => set({ rules: [...value.rules, blankRule] })}
        >
          {t('web.guests.rules.add')}
        </Button>
      }
    >
      {value.rules.length === 0 && <p className="dimmed">{t('web.guests.rules.none')}</p>}
      {value.rules.map((r, i) => (
        // Rules have no names; their place is what they are.
        <Rule key={i} rule={r} number={i + 1} change={(next) => change(i, next)} />
      ))}
      {fault('rules') && <Input.Error>{fault('rules')}</Input.Error>}
    </Part>
  )
}

type Props = { rule: AccessRule; number: number; change: (next: AccessRule | null) => void }

function Rule({ rule: r, number, change }: Props) {
  const { t, language } = useText()
  const set = (part: Partial<AccessRule>) => change({ ...r, ...part })
  return (
    <div className={classes.rule} role="group" aria-label={t('web.guests.rule.number', { number })}>
      <div className={classes.rulehead}>
        <span>{t('web.guests.rule.number', { number })}</span>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={t('web.guests.rule.remove', { number })}
          onClick={() => change(null)}
        >
          <Icon name="close" size={18} />
        </ActionIcon>
      </div>
      <NativeSelect
        label={t('web.guests.rule.does')}
        value={r.allow ? 'in' : 'out'}
        onChange={(e) => set({ allow: e.currentTarget.value === 'in' })}
        data={(['out', 'in'] as const).map((v) => ({ value: v, label: t(`web.guests.rule.${v}`) }))}
      />
      <TextInput
        label={t('web.guests.rule.ssids')}
        description={t('web.guests.rule.ssids.text')}
        defaultValue={(r.ssids ?? []).join(', ')}
        onBlur={(e) => set({ ssids: e.currentTarget.value.split(',').map((s) => s.trim()).filter(Boolean) })}
      />
      <Checkbox.Group
        label={t('web.guests.rule.days')}
        description={t('web.guests.rule.days.text')}
        value={(r.weekdays ?? []).map(String)}
        onChange={(days) => set({ weekdays: days.map(Number) })}
      >
        <div className={classes.week}>
          {weekdays.map((d) => (
            <Checkbox key={d} value={String(d)} label={weekdayName(d, language)} />
          ))}
        </div>
      </Checkbox.Group>
      <Checkbox
        label={t('web.guests.rule.allday')}
        checked={allDay(r)}
        onChange={(e) => set(e.currentTarget.checked ? { from: 0, to: 0 } : { from: 8 * 60, to: 18 * 60 })}
      />
      {!allDay(r) && (
        <div className={classes.times}>
          <TextInput
            type="time"
            label={t('web.guests.rule.from')}
            value={timeOf(r.from)}
            onChange={(e) => set({ from: minutesOf(e.currentTarget.value, false) ?? r.from })}
          />
          <TextInput
            type="time"
            label={t('web.guests.rule.to')}
            value={timeOf(r.to)}
            onChange={(e) => set({ to: minutesOf(e.currentTarget.value, true) ?? r.to })}
          />
        </div>
      )}
      {!r.allow && (
        <LanguageTexts
          label={t('web.guests.rule.says')}
          parts={[{ name: 'text', label: t('web.guests.rule.says'), rows: 2 }]}
          values={{ text: r.text ?? {} }}
          onChange={(v) => set({ text: v.text as Record<string, string> })}
        />
      )}
    </div>
  )
}
