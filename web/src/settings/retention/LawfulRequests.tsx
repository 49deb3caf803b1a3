import { Button, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { sitesQuery } from '../../api/queries.ts'
import { Icon, type IconName } from '../../look/Icon.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { useBy } from '../audit/useBy.ts'
import { Line, Lines } from '../kit/Lines.tsx'
import { Part } from '../kit/Page.tsx'
import classes from '../kit/Page.module.css'
import { useWhen } from '../kit/useWhen.ts'
import { AskLawful } from './AskLawful.tsx'
import { type Lawful, lawfulQuery } from './queries.ts'
import { ReadLawful } from './ReadLawful.tsx'

const icons: Record<Lawful['state'], IconName> = { open: 'clock', approved: 'done', denied: 'absent', expired: 'expired' }

/** An authority's questions: one member of staff asks, another one decides. */
export function LawfulRequests() {
  const { t } = useText()
  const { me, can } = useMe()
  const when = useWhen()
  const by = useBy()
  const { data: sites = [] } = useQuery(sitesQuery)
  const [asking, setAsking] = useState(false)
  const [open, setOpen] = useState<Lawful | null>(null)
  const query = useInfiniteQuery(lawfulQuery)
  const list = { ...query, data: query.data?.pages.flatMap((p) => p.items) }
  const where = (r: Lawful) => sites.find((s) => s.id === r.site_id)?.name ?? t('web.lawful.anywhere')
  return (
    <Part
      title={t('web.lawful.title')}
      text={t('web.lawful.text')}
      action={
        can('lawful.request') &&
        me?.kind === 'user' && (
          <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setAsking(true)}>
            {t('web.lawful.ask')}
          </Button>
        )
      }
    >
      <Lines query={list} empty={t('web.lawful.none')}>
        {(r) => (
          <Line
            key={r.id}
            icon={icons[r.state]}
            tone={r.state === 'approved' ? 'good' : r.state === 'open' ? 'warn' : undefined}
            title={
              <UnstyledButton className={classes.opener} onClick={() => setOpen(r)}>
                {t(`web.lawful.state.${r.state}`)}
              </UnstyledButton>
            }
            note={
              <>
                <div>{t('web.lawful.by', { name: by(r.requester), at: when(r.requested_at) })}</div>
                {r.decided_at && <div>{t('web.lawful.decided', { name: by(r.decider), at: when(r.decided_at) })}</div>}
              </>
            }
            side={
              <>
                <div>{where(r)}</div>
                {(r.state === 'open' || r.state === 'approved') && (
                  <div>{t('web.lawful.until', { at: when(r.expires_at) })}</div>
                )}
              </>
            }
          />
        )}
      </Lines>
      {query.hasNextPage && (
        <div>
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t('web.settings.older')}
          </Button>
        </div>
      )}
      {asking && <AskLawful close={() => setAsking(false)} />}
      {open && <ReadLawful request={open} close={() => setOpen(null)} />}
    </Part>
  )
}
