import { useQuery } from '@tanstack/react-query'
import { Loaded } from '../../page.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Page } from '../kit/Page.tsx'
import { Erasures } from './Erasures.tsx'
import { LawfulRequests } from './LawfulRequests.tsx'
import { OnePerson } from './OnePerson.tsx'
import { Purges } from './Purges.tsx'
import { retentionQuery } from './queries.ts'
import { RetentionForm } from './RetentionForm.tsx'

/** How long what is kept of people, what was deleted, and who asked to know or to be forgotten. */
export function RetentionPage() {
  const { t } = useText()
  const site = useSite()
  const { me, can } = useMe()
  const retention = useQuery({ ...retentionQuery(site.id), enabled: can('sites.write') })
  return (
    <Page title={t('web.nav.retention')} intro={t('web.retention.intro')}>
      {can('sites.write') && (
        <Loaded query={retention}>{(r) => <RetentionForm key={site.id} retention={r} />}</Loaded>
      )}
      {can('audit.read') && me?.all_sites && <Purges />}
      {can('people.erase') && (
        <>
          <OnePerson />
          <Erasures />
        </>
      )}
      {can('lawful.read') && <LawfulRequests />}
    </Page>
  )
}
