import { ActionIcon, Button, NativeSelect, TextInput } from '@mantine/core'
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
  const [open, setOpen] = useState(false)
  const trouble = r.action.endsWith('failed') || r.action === 'agent.quarantined'
  const title = t.known(`web.audit.action.${r.action}`, t.known(`web.event.${r.action}`, r.action))
  return (
    <Line
      icon={trouble ? 'warn' : 'done'}
      tone={trouble ? 'warn' : undefined}
      title={title}
      note={
        <>
          {by(r.by)}
          {open && <Technical row={r} />}
        </>
      }
      side={when(r.at)}
    >
      <ActionIcon
        variant="subtle"
        color="gray"
        size="xl"
        aria-expanded={open}
        aria-label={t('web.audit.open', { what: title, row: r.seq })}
        onClick={() => setOpen(!open)}
      >
        <Icon name="down" />
      </ActionIcon>
    </Line>
  )
}

function Technical({ row: r }: { row: Row }) {
  const { t } = useText()
  const facts: [string, unknown][] = [
    [t('web.audit.row'), r.seq],
    [t('web.audit.at'), r.at],
    [t('web.audit.action'), r.action],
    [t('web.audit.actor'), r.actor],
    ...(r.object ? [[t('web.audit.object'), r.object] as [string, unknown]] : []),
    ...Object.entries(r.body ?? {}),
    [t('web.audit.hash'), r.hash],
  ]
  return (
    <dl className={`${pageClasses.facts} ${classes.technical}`}>
      {facts.map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
    </dl>
  )
}

function Fact({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={pageClasses.code}>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
    </>
  )
}
