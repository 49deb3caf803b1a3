import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Icon } from '../look/Icon.tsx'
import { Loaded } from '../page.tsx'
import { useText } from '../text/useText.tsx'
import visit from '../visit/Visit.module.css'
import { explained, factsOf } from './decision.ts'
import { type Decision, decisionsQuery } from './queries.ts'
import { pageLook } from './states.ts'
import { useDates } from './useDates.ts'

/** Why somebody was let in, or was not: the latest first. */
export function Decisions({ account }: { account: string }) {
  const { t } = useText()
  const query = useInfiniteQuery(decisionsQuery(account))
  return (
    <section className={visit.section} aria-labelledby="account-why">
      <h2 id="account-why">{t('web.guests.why')}</h2>
      <Loaded query={{ ...query, data: query.data?.pages.flatMap((p) => p.items) }}>
        {(list) =>
          list.length === 0 ? (
            <p className={visit.note}>{t('web.guests.why.none')}</p>
          ) : (
            <ol className={visit.list}>
              {list.map((d) => (
                <One key={d.id} decision={d} />
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
    </section>
  )
}

const states = { good: 'done', bad: 'bad', info: 'open', warn: 'open', muted: undefined } as const

export function One({ decision: d }: { decision: Decision }) {
  const { t } = useText()
  const { at } = useDates()
  const { icon, tone } = pageLook(d.page)
  const { what, why } = explained(d, t)
  const facts = factsOf(d, t, at)
  return (
    <li className={visit.story} data-state={states[tone]}>
      <Icon name={icon} />
      <div>
        <div>
          {what} {why}
        </div>
        <div className={visit.note}>{[at(d.at), d.portal_name, d.mac].filter(Boolean).join(' · ')}</div>
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
