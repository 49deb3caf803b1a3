import { Button, Tabs, Textarea } from '@mantine/core'
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { Icon } from '../../look/Icon.tsx'
import { useToast } from '../../look/Toasts.tsx'
import { Loaded } from '../../page.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { Form } from '../kit/Form.tsx'
import { Part } from '../kit/Page.tsx'
import { useForm } from '../kit/useForm.ts'
import { useWhen } from '../kit/useWhen.ts'
import { type Texts, textsFrom, visitorLanguages } from './rules.ts'

type SiteRules = components['schemas']['SiteRules']

const rulesQuery = (site: string) =>
  queryOptions({
    queryKey: ['rules', site],
    queryFn: ({ signal }) => api.get('/api/v1/sites/{site}/rules', { path: { site }, signal }),
  })

/** What visitors agree to at kiosks. */
export function Rules() {
  const { t } = useText()
  const site = useSite()
  const rules = useQuery(rulesQuery(site.id))
  return (
    <Part title={t('web.rules.title')} text={t('web.rules.text')}>
      <Loaded query={rules}>{(r) => <RulesForm key={site.id} rules={r} />}</Loaded>
    </Part>
  )
}

function RulesForm({ rules }: { rules: SiteRules }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const toast = useToast()
  const when = useWhen()
  const [language, setLanguage] = useState<string | null>('en')
  const [ending, setEnding] = useState(false)
  const put = async (texts: Texts) => {
    const changed = await api.put('/api/v1/sites/{site}/rules', { path: { site: site.id }, body: { texts } })
    client.setQueryData(rulesQuery(site.id).queryKey, changed)
    toast({ text: changed.version > 0 && Object.keys(changed.texts).length > 0 ? t('web.rules.saved', { version: changed.version }) : t('web.rules.ended') })
  }
  const form = useForm<{ texts: Texts }>({ texts: rules.texts }, (f) => put(textsFrom(f.texts)))
  const { value, set, fault } = form
  const inForce = Object.keys(rules.texts).length > 0
  const names = (l: string) => new Intl.DisplayNames([l], { type: 'language' }).of(l) ?? l
  return (
    <>
      <p>
        {inForce
          ? t('web.rules.version', { version: rules.version, at: when(rules.made_at) })
          : t('web.rules.none')}
      </p>
      <Form form={form} shown={visitorLanguages.map((l) => `texts.${l}`)} action={t('web.rules.save')}>
        <Tabs value={language} onChange={setLanguage} keepMounted={false}>
          <Tabs.List>
            {visitorLanguages.map((l) => (
              <Tabs.Tab
                key={l}
                value={l}
                lang={l}
                leftSection={value.texts[l]?.trim() ? <Icon name="done" size={16} /> : undefined}
              >
                {names(l)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {visitorLanguages.map((l) => (
            <Tabs.Panel key={l} value={l} pt="sm">
              <Textarea
                aria-label={t('web.rules.in', { language: names(l) })}
                lang={l}
                autosize
                minRows={5}
                maxRows={16}
                maxLength={10_000}
                value={value.texts[l] ?? ''}
                onChange={(e) => set({ texts: { ...value.texts, [l]: e.currentTarget.value } })}
                error={fault(`texts.${l}`)}
              />
            </Tabs.Panel>
          ))}
        </Tabs>
      </Form>
      {inForce && (
        <div>
          <Button variant="default" onClick={() => setEnding(true)}>
            {t('web.rules.end')}
          </Button>
        </div>
      )}
      {ending && (
        <Confirm
          title={t('web.rules.end.ask')}
          action={t('web.rules.end')}
          waiting={t('web.waiting')}
          danger
          close={() => setEnding(false)}
          act={async () => {
            await put({})
            form.discard()
            setEnding(false)
          }}
        >
          {t('web.rules.end.text')}
        </Confirm>
      )}
    </>
  )
}
