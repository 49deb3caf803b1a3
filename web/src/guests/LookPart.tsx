import { TextInput } from '@mantine/core'
import { Part } from '../settings/kit/Page.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Guests.module.css'
import { LanguageTexts } from './LanguageTexts.tsx'
import type { TemplateForm } from './TimesPart.tsx'

const usual = '#0b7a6d'

/** What the page shows beside its forms. */
export function LookPart({ form: { value, set, fault } }: { form: TemplateForm }) {
  const { t } = useText()
  const { accent, ...texts } = value.look
  return (
    <Part title={t('web.guests.look')} text={t('web.guests.look.text')}>
      <LanguageTexts
        label={t('web.guests.look')}
        parts={[
          { name: 'title', label: t('web.guests.look.title'), description: t('web.guests.look.title.text') },
          { name: 'text', label: t('web.guests.look.words'), rows: 3 },
          { name: 'footer', label: t('web.guests.look.footer'), rows: 2 },
        ]}
        values={texts}
        onChange={(next) => set({ look: { ...next, accent } })}
      />
      <div className={classes.colour}>
        <input
          type="color"
          aria-label={t('web.guests.look.pick')}
          value={/^#[0-9a-f]{6}$/i.test(accent) ? accent : usual}
          onChange={(e) => set({ look: { ...value.look, accent: e.currentTarget.value } })}
        />
        <TextInput
          label={t('web.guests.look.accent')}
          placeholder={usual}
          autoComplete="off"
          value={accent}
          onChange={(e) => set({ look: { ...value.look, accent: e.currentTarget.value.trim() } })}
          error={fault('look.accent')}
        />
      </div>
    </Part>
  )
}
