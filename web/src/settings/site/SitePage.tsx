import { Button } from '@mantine/core'
import { useState } from 'react'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Page } from '../kit/Page.tsx'
import { AddSite, Archive } from './Archive.tsx'
import { Kiosks } from './Kiosks.tsx'
import { Networks } from './Networks.tsx'
import { OfflineList } from './OfflineList.tsx'
import { Rules } from './Rules.tsx'
import { SiteForm } from './SiteForm.tsx'

/** What a site is called, how long people stay, which networks it has, its screens in the lobby. */
export function SitePage() {
  const { t } = useText()
  const site = useSite()
  const { me, can } = useMe()
  const [adding, setAdding] = useState(false)
  return (
    <Page title={t('web.nav.site')} intro={t('web.site.intro', { site: site.name })}>
      {can('sites.write') && (
        <>
          <SiteForm key={`form-${site.id}`} />
          <Networks key={`networks-${site.id}`} />
        </>
      )}
      {can('kiosks.read') && <Kiosks key={`kiosks-${site.id}`} />}
      {can('sites.write') && (
        <>
          <Rules />
          <OfflineList />
        </>
      )}
      {can('sites.write') && (
        <>
          <Archive />
          {me?.all_sites && (
            <div>
              <Button variant="default" onClick={() => setAdding(true)}>
                {t('web.site.new')}
              </Button>
            </div>
          )}
        </>
      )}
      {adding && <AddSite close={() => setAdding(false)} />}
    </Page>
  )
}
