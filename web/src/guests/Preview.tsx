import { Button, NativeSelect } from '@mantine/core'
import { useState } from 'react'
import { Icon } from '../look/Icon.tsx'
import { Part } from '../settings/kit/Page.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Guests.module.css'
import type { Template } from './queries.ts'
import { type GuestLanguage, guestLanguages } from './template.ts'

/** The portal's pages, by the names of the API. */
const pages = ['full', 'continue', 'connected', 'denied', 'go'] as const

/** What guests see with the template as it is saved. */
export function Preview({ template }: { template: Template }) {
  const { t, language: own } = useText()
  const names = new Intl.DisplayNames(own, { type: 'language' })
  const [page, setPage] = useState<(typeof pages)[number]>('full')
  const [language, setLanguage] = useState<GuestLanguage>(own)
  const query = new URLSearchParams({ page, language, version: template.updated_at })
  const address = `/api/v1/templates/${template.id}/preview?${query}`
  return (
    <Part title={t('web.guests.preview')} text={t('web.guests.preview.text')}>
      <div className={classes.filters}>
        <NativeSelect
          label={t('web.guests.preview.page')}
          value={page}
          onChange={(e) => setPage(e.currentTarget.value as typeof page)}
          data={pages.map((p) => ({ value: p, label: t(`web.guests.preview.${p}`) }))}
        />
        <NativeSelect
          label={t('web.guests.language')}
          value={language}
          onChange={(e) => setLanguage(e.currentTarget.value as GuestLanguage)}
          data={guestLanguages.map((l) => ({ value: l, label: names.of(l) ?? l }))}
        />
        <Button
          component="a"
          href={address}
          target="_blank"
          rel="noreferrer"
          variant="default"
          rightSection={<Icon name="link" size={16} />}
        >
          {t('web.guests.preview.open')}
        </Button>
      </div>
      <iframe key={address} className={classes.frame} src={address} sandbox="" title={t('web.guests.preview')} />
    </Part>
  )
}
