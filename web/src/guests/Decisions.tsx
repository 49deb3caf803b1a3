import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Icon } from '../look/Icon.tsx'
import { Loaded } from '../page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import visit from '../visit/Visit.module.css'
import { explained, factsOf } from './decision.ts'
import classes from './Guests.module.css'
import { type Decision, decisionsQuery } from './queries.ts'
import { decisionLook } from './states.ts'
import { useDates } from './useDates.ts'

/** Why somebody was let in, or was not: the latest first. */
export function Decisions({ account }: { account: string }) {
  const { t } = useText()
  return (
    <section className={visit.section} aria-labelledby="account-why">
      <h2 id="account-why">{t('web.guests.why')}</h2>
      <Several
        query={useInfiniteQuery(decisionsQuery(account))}
        none={<p className={visit.note}>{t('web.guests.why.none')}</p>}
      />
    </section>
  )
}

type Query = {
  data: { pages: { items: Decision[] }[] } | undefined
  error: unknown
  refetch: () => void
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => void
}

type SeveralProps = { query: Query; none: ReactNode; /** Each leads to whose it is and what came of it. */ linked?: boolean }

export function Several({ query, none, linked }: SeveralProps) {
  const { t } = useText()
  return (
    <>
      <Loaded query={{ ...query, data: query.data?.pages.flatMap((p) => p.items) }}>
        {(list) =>
          list.length === 0 ? (
            none
          ) : (
            <ol className={visit.list}>
              {list.map((d) => (
                <One key={d.id} decision={d} linked={linked} />
              ))}
            </ol>
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
    </>
  )
}

const states = { good: 'done', bad: 'bad', info: 'open', warn: 'open', muted: undefined } as const

type OneProps = { decision: Decision; linked?: boolean | undefined }

export function One({ decision: d, linked }: OneProps) {
  const { t } = useText()
  const { at } = useDates()
  const { icon, tone } = decisionLook(d)
  const { what, why } = explained(d, t)
  const facts = factsOf(d, t, at)
  const method = d.method && t.known(`web.guests.method.${d.method}`, d.method)
  return (
    <li className={visit.story} data-state={states[tone]}>
      <Icon name={icon} />
      <div>
        <div>
          {what} {why}
        </div>
        <div className={visit.note}>{[at(d.at), d.portal_name, d.mac, method].filter(Boolean).join(' · ')}</div>
        {linked && <Links decision={d} />}
        {facts.length > 0 && (
          <details className={visit.technical}>
            <summary>{t('web.guests.why.facts')}</summary>
            <dl>
              {facts.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </div>
    </li>
  )
}

function Links({ decision: d }: { decision: Decision }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const account = can('accounts.read') && d.account_id
  if (!account && !d.authentication_id) return null
  return (
    <div className={`${classes.marks} ${classes.linked}`}>
      {account && (
        <Link to="/sites/$site/guests/accounts/$account" params={{ site: site.id, account }}>
          {t('web.guests.account')}
        </Link>
      )}
      {d.authentication_id && (
        <Link
          to="/sites/$site/guests/authentications/$authentication"
          params={{ site: site.id, authentication: d.authentication_id }}
        >
          {t('web.guests.authentication')}
        </Link>
      )}
    </div>
  )
}
