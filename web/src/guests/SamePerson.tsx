import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import type { Person } from '../api/types.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Icon } from '../look/Icon.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import visit from '../visit/Visit.module.css'
import { type AccountDetail, readGuests } from './queries.ts'
import { accountName } from './states.ts'

const nameOf = (p: Person) => `${p.first_name} ${p.last_name}`.trim()

/** Visitors with the address that the guest has proven; staff say whether they are the same. */
export function SamePerson({ detail: { account, same } }: { detail: AccountDetail }) {
  const { t } = useText()
  const { can } = useMe()
  const client = useQueryClient()
  const [asked, setAsked] = useState<Person | null>(null)
  if (same.length === 0 || !can('accounts.write')) return null
  return (
    <section className={visit.section} aria-labelledby="account-same">
      <h2 id="account-same">{t('web.guests.same')}</h2>
      <p className={visit.note}>{t('web.guests.same.text')}</p>
      <ul className={visit.list}>
        {same.map((p) => (
          <li key={p.id} className={visit.device}>
            <Icon name="user" />
            <div>
              <div>{nameOf(p)}</div>
              <div className={visit.note}>{[p.company, t.count('web.person.visits', p.visits)].filter(Boolean).join(' · ')}</div>
            </div>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`${t('web.guests.same.do')}: ${nameOf(p)}`}
              onClick={() => setAsked(p)}
            >
              {t('web.guests.same.do')}
            </Button>
          </li>
        ))}
      </ul>
      {asked && (
        <Confirm
          title={t('web.guests.same.ask', { guest: accountName(account), visitor: nameOf(asked) })}
          action={t('web.guests.same.do')}
          waiting={t('web.waiting')}
          close={() => setAsked(null)}
          act={async () => {
            const path = { account: account.id }
            await api.post('/api/v1/accounts/{account}/same-person', { path, body: { person_id: asked.id } })
            await readGuests(client)
            setAsked(null)
          }}
        >
          {t('web.guests.same.sure')}
        </Confirm>
      )}
    </section>
  )
}
