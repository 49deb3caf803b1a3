import { NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useText } from '../text/useText.tsx'
import classes from './Guests.module.css'
import { type GuestLanguage, guestLanguages, type Texts } from './template.ts'

type Part<Name extends string> = { name: Name; label: string; description?: string; rows?: number; error?: string }
type Props<Name extends string> = {
  label: string
  parts: Part<Name>[]
  values: Record<Name, Texts>
  onChange: (values: Record<Name, Texts>) => void
}

/** Texts in the languages of guests, one language at a time. */
export function LanguageTexts<Name extends string>({ label, parts, values, onChange }: Props<Name>) {
  const { t, language: own } = useText()
  const names = new Intl.DisplayNames(own, { type: 'language' })
  const [language, setLanguage] = useState<GuestLanguage>(own)
  const written = (l: GuestLanguage) => parts.some((p) => values[p.name][l]?.trim())
  return (
    <div className={classes.languages} role="group" aria-label={label}>
      <NativeSelect
        label={t('web.guests.language')}
        description={t('web.guests.language.text')}
        value={language}
        onChange={(e) => setLanguage(e.currentTarget.value as GuestLanguage)}
        data={guestLanguages.map((l) => ({
          value: l,
          label: written(l) ? t('web.guests.language.written', { language: names.of(l) ?? l }) : (names.of(l) ?? l),
        }))}
      />
      {parts.map((p) => {
        const shared = {
          label: p.label,
          description: p.description,
          error: p.error,
          lang: language,
          value: values[p.name][language] ?? '',
          onChange: (e: { currentTarget: { value: string } }) =>
            onChange({ ...values, [p.name]: { ...values[p.name], [language]: e.currentTarget.value } }),
        }
        return p.rows ? <Textarea key={p.name} autosize minRows={p.rows} maxRows={16} {...shared} /> : <TextInput key={p.name} {...shared} />
      })}
    </div>
  )
}
