import { ActionIcon, Checkbox, Input, NativeSelect, TextInput } from '@mantine/core'
import { Icon } from '../look/Icon.tsx'
import page from '../settings/kit/Page.module.css'
import { Part } from '../settings/kit/Page.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Guests.module.css'
import type { Profile } from './queries.ts'
import { type Method, methods } from './states.ts'
import { type Ask, asked, type Fields, making, moved } from './template.ts'
import type { TemplateForm } from './TimesPart.tsx'

/** The ways to log in, in the order in which guests see them, and what each needs. */
export function MethodsPart({ form, profiles }: { form: TemplateForm; profiles: Profile[] }) {
  const { t } = useText()
  const { value, fault } = form
  const off = methods.filter((m) => !value.methods.includes(m))
  return (
    <Part title={t('web.guests.template.methods')} text={t('web.guests.template.methods.text')}>
      <Input.Wrapper error={fault('methods')}>
        <ul className={classes.methods}>
          {value.methods.map((m) => (
            <On key={m} method={m} form={form} profiles={profiles} />
          ))}
          {off.map((m) => (
            <li key={m} className={classes.method} data-off>
              <Toggle method={m} form={form} />
            </li>
          ))}
        </ul>
      </Input.Wrapper>
      {value.methods.includes('email') && <Grace form={form} />}
      <div className={page.pair}>
        {value.methods.includes('sms') && <Listed form={form} name="sms_prefixes" />}
        {value.methods.includes('sponsor') && <Listed form={form} name="sponsor_domains" />}
      </div>
      {value.methods.some((m) => making.includes(m)) && <Asked form={form} />}
    </Part>
  )
}

function Toggle({ method: m, form: { value, set } }: { method: Method; form: TemplateForm }) {
  const { t } = useText()
  return (
    <Checkbox
      label={t(`web.guests.method.${m}`)}
      description={t(`web.guests.method.${m}.text`)}
      checked={value.methods.includes(m)}
      onChange={(e) =>
        set({ methods: e.currentTarget.checked ? [...value.methods, m] : value.methods.filter((x) => x !== m) })
      }
    />
  )
}

function On({ method: m, form, profiles }: { method: Method; form: TemplateForm; profiles: Profile[] }) {
  const { t } = useText()
  const { value, set } = form
  const name = t(`web.guests.method.${m}`)
  const move = (by: -1 | 1) => set({ methods: moved(value.methods, m, by) })
  return (
    <li className={classes.method}>
      <Toggle method={m} form={form} />
      {making.includes(m) ? (
        <NativeSelect
          aria-label={t('web.guests.template.profile.for', { method: name })}
          value={value.profiles[m] ?? ''}
          onChange={(e) => set({ profiles: { ...value.profiles, [m]: e.currentTarget.value } })}
          data={[
            { value: '', label: t('web.guests.template.profile.usual') },
            ...profiles.map((p) => ({ value: p.id, label: p.name })),
          ]}
        />
      ) : (
        <span />
      )}
      <div className={classes.moves}>
        {([-1, 1] as const).map((by) => (
          <ActionIcon
            key={by}
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t(by < 0 ? 'web.guests.template.up' : 'web.guests.template.down', { method: name })}
            disabled={value.methods.indexOf(m) + by < 0 || value.methods.indexOf(m) + by >= value.methods.length}
            onClick={() => move(by)}
          >
            <Icon name="down" size={18} />
          </ActionIcon>
        ))}
      </div>
    </li>
  )
}

function Grace({ form: { value, set, fault } }: { form: TemplateForm }) {
  const { t } = useText()
  return (
    <TextInput
      type="number"
      min={0}
      max={30}
      label={t('web.guests.template.grace')}
      description={t('web.guests.template.grace.text')}
      value={value.grace_minutes}
      onChange={(e) => set({ grace_minutes: e.currentTarget.value })}
      error={fault('grace_minutes')}
    />
  )
}

function Listed({ form: { value, set, fault }, name }: { form: TemplateForm; name: 'sms_prefixes' | 'sponsor_domains' }) {
  const { t } = useText()
  return (
    <TextInput
      label={t(`web.guests.template.${name}`)}
      description={t(`web.guests.template.${name}.text`)}
      placeholder={name === 'sms_prefixes' ? '+49, +43' : 'example.org'}
      autoComplete="off"
      value={value[name]}
      onChange={(e) => set({ [name]: e.currentTarget.value } as Partial<Fields>)}
      error={fault(name)}
    />
  )
}

type Answer = 'no' | 'may' | 'must'
const answers: readonly Answer[] = ['no', 'may', 'must']
const answerOf = (must: boolean | undefined): Answer => (must === undefined ? 'no' : must ? 'must' : 'may')

/** What guests are asked for who make an account of their own. */
function Asked({ form: { value, set, fault } }: { form: TemplateForm }) {
  const { t } = useText()
  const change = (field: Ask, answer: Answer) => {
    const others = Object.fromEntries(Object.entries(value.ask).filter(([name]) => name !== field))
    set({ ask: answer === 'no' ? others : { ...others, [field]: answer === 'must' } })
  }
  return (
    <Input.Wrapper
      label={t('web.guests.template.ask')}
      labelElement="div"
      description={t('web.guests.template.ask.text')}
      error={fault('ask')}
    >
      <div className={classes.asked}>
        {asked.map((field) => (
          <NativeSelect
            key={field}
            label={t(`web.guests.field.${field}`)}
            value={answerOf(value.ask[field])}
            onChange={(e) => change(field, e.currentTarget.value as Answer)}
            data={answers.map((a) => ({ value: a, label: t(`web.guests.ask.${a}`) }))}
          />
        ))}
      </div>
    </Input.Wrapper>
  )
}
