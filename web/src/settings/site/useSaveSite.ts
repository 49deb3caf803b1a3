import { useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { sitesQuery } from '../../api/queries.ts'
import type { components } from '../../api/schema.ts'
import { useToast } from '../../look/Toasts.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'

export type SiteChange = components['schemas']['ChangeSiteRequest']

/** Changes the site and shows it everywhere. */
export function useSaveSite() {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const toast = useToast()
  return async (body: SiteChange) => {
    const changed = await api.patch('/api/v1/sites/{site}', { path: { site: site.id }, body })
    client.setQueryData(sitesQuery.queryKey, (all) => all?.map((s) => (s.id === changed.id ? changed : s)))
    toast({ text: t('web.settings.saved') })
  }
}
