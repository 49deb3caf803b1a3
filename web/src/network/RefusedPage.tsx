import { Button, NativeSelect } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { nasesQuery } from '../api/queries.ts'
import { Page } from '../settings/kit/Page.tsx'
import { Lines } from '../settings/kit/Lines.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Network.module.css'
import { type RefusedFilter, refusedLoginsQuery } from './queries.ts'
import { grouped, type Range, ranges, reasons } from './refused.ts'
import { RefusedLine } from './RefusedLine.tsx'

/** Who got no access, why, and what helps. */
export function RefusedPage() {
  const { t } = useText()
  const site = useSite()
  const [filter, setFilter] = useState<RefusedFilter>({ reason: '', nas: '', range: 'day' })
  const nases = useQuery(nasesQuery(site.id))
  const refused = useInfiniteQuery(refusedLoginsQuery(site.id, filter))
  const groups = useMemo(() => refused.data && grouped(refused.data.pages.flatMap((p) => p.items)), [refused.data])
  const some = filter.reason !== '' || filter.nas !== '' || filter.range !== 'all'
  return (
    <Page title={t('web.network.refused')} intro={t('web.network.refused.text')}>
      <div className={classes.filters}>
        <NativeSelect
          label={t('web.refused.since')}
          value={filter.range}
          onChange={(e) => setFilter({ ...filter, range: e.currentTarget.value as Range })}
          data={ranges.map((r) => ({ value: r, label: t(`web.refused.range.${r}`) }))}
        />
        <NativeSelect
          label={t('web.refused.reason')}
          value={filter.reason}
          onChange={(e) => setFilter({ ...filter, reason: e.currentTarget.value })}
          data={[
            { value: '', label: t('web.refused.any') },
            ...reasons.map((r) => ({ value: r, label: t(`web.refused.short.${r}`) })),
          ]}
        />
        <NativeSelect
          label={t('web.refused.nas')}
          value={filter.nas}
          onChange={(e) => setFilter({ ...filter, nas: e.currentTarget.value })}
          data={[
            { value: '', label: t('web.refused.all') },
            ...(nases.data ?? []).map((n) => ({ value: n.id, label: n.name })),
          ]}
        />
      </div>
      <Lines
        query={{ ...refused, data: groups }}
        empty={t(some ? 'web.network.refused.nonehere' : 'web.network.refused.none')}
      >
        {(g) => <RefusedLine key={g.key} group={g} nas={nases.data?.find((n) => n.id === g.nasID)} />}
      </Lines>
      {refused.hasNextPage && (
        <div>
          <Button variant="default" loading={refused.isFetchingNextPage} onClick={() => refused.fetchNextPage()}>
            {t('web.settings.older')}
          </Button>
        </div>
      )}
    </Page>
  )
}
