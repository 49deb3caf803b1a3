import { NativeSelect, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../api/client.ts'
import { meQuery } from '../api/queries.ts'
import type { Me } from '../api/types.ts'
import { useToast } from '../look/Toasts.tsx'
import { Form } from '../settings/kit/Form.tsx'
import { Part } from '../settings/kit/Page.tsx'
import classes from '../settings/kit/Page.module.css'
import { useForm } from '../settings/kit/useForm.ts'
import { type Language, languageNames, languages } from '../text/text.ts'
import { useText } from '../text/useText.tsx'

export function Profile({ me }: { me: Me }) {
  const { t, speak } = useText()
  const client = useQueryClient()
  const toast = useToast()
  const form = useForm({ name: me.name ?? '', language: me.language ?? '' }, async (f) => {
    const changed = await api.patch('/api/v1/me', { body: { name: f.name.trim(), language: f.language } })
    client.setQueryData(meQuery.queryKey, changed)
    if (languages.includes(f.language as Language)) speak(f.language as Language)
    toast({ text: t('web.settings.saved') })
  })
  const { value, set, fault } = form
  return (
    <Part title={t('web.account.profile')}>
      <Form form={form} shown={['name', 'language']}>
        <div className={classes.pair}>
          <TextInput
            label={t('web.settings.name')}
            autoComplete="name"
            value={value.name}
            onChange={(e) => set({ name: e.currentTarget.value })}
            error={fault('name')}
          />
          <NativeSelect
            label={t('web.language')}
            value={value.language}
            onChange={(e) => set({ language: e.currentTarget.value })}
            data={[
              { value: '', label: t('web.account.language.browser') },
              ...languages.map((l) => ({ value: l, label: languageNames[l] })),
            ]}
            error={fault('language')}
          />
        </div>
      </Form>
    </Part>
  )
}
