import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon } from '../../look/Icon.tsx'
import { Loaded } from '../../page.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Page, Part } from '../kit/Page.tsx'
import { AccountDialog } from './AccountDialog.tsx'
import { AccountPart } from './AccountPart.tsx'
import { accountsQuery, siteCRMQuery } from './queries.ts'
import { SiteCRMForm } from './SiteCRMForm.tsx'

/** Where visits go when they are over, and what became of them there. */
export function CRMPage() {
  const { t } = useText()
  const site = useSite()
  const { me, can } = useMe()
  const accounts = useQuery(accountsQuery)
  const own = useQuery(siteCRMQuery(site.id))
  const [adding, setAdding] = useState(false)
  const may = can('crm.write') && me?.all_sites
  return (
    <Page title={t('web.nav.crm')} intro={t('web.crmpage.intro')}>
      <Part
        title={t('web.crmpage.accounts')}
        text={accounts.data?.length === 0 ? t('web.crmpage.none') : undefined}
        action={
          may && (
            <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
              {t('web.crmpage.add')}
            </Button>
          )
        }
      >
        <Loaded query={accounts}>{(list) => list.map((a) => <AccountPart key={a.id} account={a} />)}</Loaded>
      </Part>
      <Loaded query={own}>
        {(o) => <SiteCRMForm key={site.id} own={o} accounts={accounts.data ?? []} />}
      </Loaded>
      {adding && <AccountDialog close={() => setAdding(false)} />}
    </Page>
  )
}
