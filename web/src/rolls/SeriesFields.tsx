import { NativeSelect, Textarea, TextInput } from '@mantine/core'
import { Failed, Waiting } from '../look/States.tsx'
import page from '../settings/kit/Page.module.css'
import type { useForm } from '../settings/kit/useForm.ts'
import { useText } from '../text/useText.tsx'
import type { Zone } from './queries.ts'
import classes from './Rolls.module.css'
import { alphabetFault, codeLength, highest, magicBits } from './series.ts'
import type { useProposal } from './useProposal.ts'
import { useNumber } from './useNumber.ts'
import { Weak } from './Weak.tsx'
import { bitsOf, type Fields, type Keys, keyBits } from './zone.ts'

type Props = { form: ReturnType<typeof useForm<Fields>>; zone?: Zone; offer: ReturnType<typeof useProposal> }

/** What compatible codes are made with: keys, bits, characters, magic number. */
export function SeriesFields({ form: { value, set, fault }, zone, offer }: Props) {
  const { t } = useText()
  const choices: Keys[] = zone ? ['kept', '32', '64', 'own'] : ['32', '64', 'own']
  const own = value.keys === 'own'
  const strength = value.keys === 'kept' ? zone?.series?.strength : own ? undefined : offer.proposal?.strength
  const adds = own || (value.keys === 'kept' && zone?.series?.has_private_key === false)
  return (
    <fieldset className={classes.series}>
      <legend>{t('web.zone.series')}</legend>
      <NativeSelect
        label={t('web.zone.keys')}
        description={t(`web.zone.keys.${value.keys}.text`)}
        value={value.keys}
        onChange={(e) => set({ keys: e.currentTarget.value as Keys, private_key: '', public_key: '' })}
        data={choices.map((k) => ({ value: k, label: t(`web.zone.keys.${k}`, { bits: zone?.series?.key_bits ?? '' }) }))}
        error={fault('pair')}
      />
      {adds && !own && <p className="dimmed">{t('web.zone.keys.public')}</p>}
      {own && (
        <div className={page.pair}>
          {(['private_key', 'public_key'] as const).map((name) => (
            <Textarea
              key={name}
              label={t(`web.zone.field.${name}`)}
              description={t(`web.zone.field.${name}.text`)}
              classNames={{ input: classes.pem }}
              rows={5}
              autoComplete="off"
              spellCheck={false}
              value={value[name]}
              onChange={(e) => set({ [name]: e.currentTarget.value })}
              error={fault(name)}
            />
          ))}
        </div>
      )}
      {offer.error !== null && !offer.proposal && <Failed error={offer.error} again={offer.again} />}
      {!own && value.keys !== 'kept' && !strength && offer.error === null && <Waiting>{t('web.zone.keys.waiting')}</Waiting>}
      {strength && <Weak strength={strength} />}
      <TextInput
        label={t('web.zone.alphabet')}
        description={t('web.zone.alphabet.text')}
        classNames={{ input: classes.code }}
        autoComplete="off"
        spellCheck={false}
        value={value.alphabet}
        onChange={(e) => set({ alphabet: e.currentTarget.value })}
        error={fault('alphabet')}
      />
      <Outcome fields={value} zone={zone} />
      <div className={classes.bits}>
        {(['roll_bits', 'ticket_bits', 'checksum_bits'] as const).map((name) => (
          <TextInput
            key={name}
            type="number"
            min={name === 'checksum_bits' ? 0 : 1}
            max={name === 'ticket_bits' ? 16 : 31}
            label={t(`web.zone.field.${name}`)}
            value={value[name]}
            onChange={(e) => set({ [name]: e.currentTarget.value })}
            error={fault(name)}
          />
        ))}
      </div>
      <TextInput
        label={t('web.zone.magic')}
        description={t('web.zone.magic.text')}
        inputMode="numeric"
        autoComplete="off"
        placeholder={offer.proposal?.magic ?? t('web.zone.magic.drawn')}
        value={value.magic}
        onChange={(e) => set({ magic: e.currentTarget.value })}
        error={fault('magic')}
      />
    </fieldset>
  )
}

/** What codes would be like, said while one types. */
function Outcome({ fields: f, zone }: { fields: Fields; zone?: Zone }) {
  const { t } = useText()
  const number = useNumber()
  const size = keyBits(f, zone)
  const bits = bitsOf(f)
  const magic = size === null ? 0 : magicBits(size, bits)
  const told = () => {
    if (size === null) return t('web.zone.outcome.nokey')
    if (alphabetFault(f.alphabet) || magic < 0) return t('web.zone.outcome.none')
    const rolls = t('web.zone.outcome.rolls', { roll: number.whole(highest(bits.roll)), count: number.whole(highest(bits.ticket)) })
    const length = t.count('web.zone.outcome.length', codeLength(size, f.alphabet), { bits: size })
    return `${length} ${rolls} ${magic > 0 ? t.count('web.zone.outcome.magic', magic) : t('web.zone.outcome.nomagic')}`
  }
  return (
    <p className={classes.outcome} role="status">
      {told()}
    </p>
  )
}
