import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, Outlet, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { Icon } from '../look/Icon.tsx'
import { Empty } from '../look/States.tsx'
import { Loaded } from '../page.tsx'
import { Page } from '../settings/kit/Page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { AccountFilters, type AccountSearch } from './AccountFilters.tsx'
import { AccountForm } from './AccountForm.tsx'
import classes from './Guests.module.css'
import { ImportAccounts } from './ImportAccounts.tsx'
import { type Made, MadeAccount } from './MadeAccount.tsx'
import { ContactMark, LifecycleMark } from './Mark.tsx'
import { type Account, accountsQuery } from './queries.ts'
import { accountName } from './states.ts'
import { useDates } from './useDates.ts'

/** Guests as the portal knows them. */
export function AccountsPage() {
  const { t } = useText()
  const site = useSite()
  const search = useSearch({ strict: false }) as AccountSearch
  const { all, ...narrowed } = search
  const query = useInfiniteQuery(accountsQuery({ ...narrowed, site: all ? undefined : site.id }))
  const list = { ...query, data: query.data?.pages.flatMap((p) => p.items) }
  const filtered = Object.values(narrowed).some(Boolean)
  return (
    <Page wide title={t('web.nav.accounts')} intro={t('web.guests.accounts.text')}>
      <Tools search={search} />
      <AccountFilters search={search} />
      <Loaded query={list}>
        {(accounts) =>
          accounts.length === 0 ? (
            <Empty icon="guests" title={t(filtered ? 'web.guests.accounts.nonehere' : 'web.guests.accounts.none')} />
          ) : (
            <ul className={classes.rows}>
              {accounts.map((a) => (
                <AccountRow key={a.id} account={a} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {query.hasNextPage && (
        <div>
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t('web.settings.older')}
          </Button>
        </div>
      )}
      <Outlet />
    </Page>
  )
}

type Open = 'add' | 'import' | Made | null

function Tools({ search }: { search: AccountSearch }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const exported = new URLSearchParams(search.all ? {} : { site_id: site.id })
  return (
    <div className={classes.tools}>
      {can('accounts.write') && (
        <>
          <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen('add')}>
            {t('web.guests.account.new')}
          </Button>
          <Button variant="default" leftSection={<Icon name="upload" size={16} />} onClick={() => setOpen('import')}>
            {t('web.guests.import')}
          </Button>
        </>
      )}
      <Button component="a" href={`/api/v1/accounts.csv?${exported}`} download variant="default">
        {t('web.guests.export')}
      </Button>
      {open === 'add' && <AccountForm close={close} made={(m) => setOpen(m.password ? m : null)} />}
      {open === 'import' && <ImportAccounts close={close} />}
      {open && typeof open === 'object' && <MadeAccount made={open} close={close} />}
    </div>
  )
}

function AccountRow({ account: a }: { account: Account }) {
  const { t } = useText()
  const site = useSite()
  const { at, last } = useDates()
  return (
    <li className={classes.row}>
      <div>
        <div className={classes.name}>
          <Link to="/sites/$site/guests/accounts/$account" params={{ site: site.id, account: a.id }} search={(s) => s}>
            {accountName(a)}
          </Link>
        </div>
        {accountName(a) !== a.login && <div className={classes.note}>{a.login}</div>}
      </div>
      <div className={classes.marks}>
        <LifecycleMark account={a} />
        <ContactMark account={a} />
      </div>
      <div>
        <div>{t('web.guests.valid', { from: at(a.starts_at), until: last(a.ends_at) })}</div>
        <div className={classes.note}>{t('web.guests.profile.of', { name: a.profile_name })}</div>
      </div>
      <div className={classes.note}>
        <div>{t('web.guests.made', { at: at(a.created_at) })}</div>
        <div>{t.known(`web.guests.method.${a.method}`, a.method)}</div>
      </div>
    </li>
  )
}
