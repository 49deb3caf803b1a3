import { Button, NativeSelect, TextInput } from '@mantine/core'
import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'
import { Icon } from '../../look/Icon.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { fromField } from '../../time.ts'
import { useMe } from '../../useMe.ts'
import { Line, Lines } from '../kit/Lines.tsx'
import { Page, Part } from '../kit/Page.tsx'
import pageClasses from '../kit/Page.module.css'
import { useWhen } from '../kit/useWhen.ts'
import { rangeOf, type Subject, subjects } from './actions.ts'
import classes from './Audit.module.css'
import { useBy } from './useBy.ts'
import { Verify } from './Verify.tsx'

type Row = components['schemas']['AuditRow']
type Filter = { chain: string; from: string | undefined; to: string | undefined; action: string | undefined }

const auditQuery = (filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) =>
      // Several are sent as one, with commas between.
      api.get('/api/v1/audit', {
        query: { ...filter, action: filter.action as unknown as string[], cursor: pageParam, limit: 50 },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
  })

/** Who did what, in chains that show when somebody tampers with them. */
export function AuditPage() {
  const { t } = useText()
  const site = useSite()
  const { me } = useMe()
  const [chain, setChain] = useState<string>(site.id)
  const [subject, setSubject] = useState<Subject | ''>('')
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const range = rangeOf(from, to, (field) => fromField(field, site.timezone))
  const query = useInfiniteQuery(
    auditQuery({ chain, ...range, action: subject ? subjects[subject].join(',') : undefined }),
  )
  const list = { ...query, data: query.data?.pages.flatMap((p) => p.items) }
  const exported = (format: string) => {
    const wanted = { chain, from: range.from ?? '', to: range.to ?? '', format }
    return `/api/v1/audit/export?${new URLSearchParams(Object.entries(wanted).filter(([, v]) => v))}`
  }
  return (
    <Page title={t('web.nav.audit')} intro={t('web.audit.intro')}>
      <Verify chain={chain} />
      <Part title={t('web.audit.rows')}>
        <div className={classes.filter}>
          <NativeSelect
            label={t('web.audit.chain')}
            value={chain}
            onChange={(e) => setChain(e.currentTarget.value)}
            data={[
              { value: site.id, label: site.name },
              ...(me?.all_sites ? [{ value: 'deployment', label: t('web.audit.deployment') }] : []),
              { value: '', label: t('web.audit.chain.all') },
            ]}
          />
          <NativeSelect
            label={t('web.audit.subject')}
            value={subject}
            onChange={(e) => setSubject(e.currentTarget.value as Subject | '')}
            data={[
              { value: '', label: t('web.audit.subject.all') },
              ...(Object.keys(subjects) as Subject[]).map((s) => ({ value: s, label: t(`web.audit.subject.${s}`) })),
            ]}
          />
          <TextInput
            type="date"
            label={t('web.audit.from')}
            value={from}
            onChange={(e) => setFrom(e.currentTarget.value)}
          />
          <TextInput type="date" label={t('web.audit.to')} value={to} onChange={(e) => setTo(e.currentTarget.value)} />
        </div>
        <div className={pageClasses.save}>
          <Button component="a" href={exported('ndjson')} download variant="default">
            {t('web.audit.export')}
          </Button>
          <Button component="a" href={exported('csv')} download variant="default">
            {t('web.audit.export.csv')}
          </Button>
        </div>
        <Lines query={list} empty={t('web.audit.none')}>
          {(r) => <AuditLine key={`${r.chain} ${r.seq}`} row={r} />}
        </Lines>
        {query.hasNextPage && (
          <div>
            <Button
              variant="default"
              leftSection={<Icon name="down" size={16} />}
              loading={query.isFetchingNextPage}
              onClick={() => query.fetchNextPage()}
            >
              {t('web.settings.older')}
            </Button>
          </div>
        )}
      </Part>
    </Page>
  )
}

function AuditLine({ row: r }: { row: Row }) {
  const { t } = useText()
  const when = useWhen()
  const by = useBy()
  return (
    <Line
      icon={r.action.endsWith('failed') || r.action === 'agent.quarantined' ? 'warn' : 'done'}
      tone={r.action.endsWith('failed') || r.action === 'agent.quarantined' ? 'warn' : undefined}
      title={t.known(`web.audit.action.${r.action}`, t.known(`web.event.${r.action}`, r.action))}
      note={
        <>
          {by(r.by)}
          <details className={classes.technical}>
            <summary>{t('web.audit.technical')}</summary>
            <dl className={pageClasses.facts}>
              <dt>{t('web.audit.row')}</dt>
              <dd>{r.seq}</dd>
              <dt>{t('web.audit.action')}</dt>
              <dd className={pageClasses.code}>{r.action}</dd>
              <dt>{t('web.audit.actor')}</dt>
              <dd className={pageClasses.code}>{r.actor}</dd>
              {r.object && (
                <>
                  <dt>{t('web.audit.object')}</dt>
                  <dd className={pageClasses.code}>{r.object}</dd>
                </>
              )}
              {Object.entries(r.body ?? {}).map(([name, value]) => (
                <Fact key={name} name={name} value={value} />
              ))}
              <dt>{t('web.audit.hash')}</dt>
              <dd className={pageClasses.code}>{r.hash}</dd>
            </dl>
          </details>
        </>
      }
      side={when(r.at)}
    />
  )
}

function Fact({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      <dt className={pageClasses.code}>{name}</dt>
      <dd className={pageClasses.code}>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
    </>
  )
}
