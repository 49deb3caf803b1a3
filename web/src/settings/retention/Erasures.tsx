import { Button } from '@mantine/core'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { useAct } from '../../dialog/useAct.ts'
import type { IconName } from '../../look/Icon.tsx'
import { useProblemText } from '../../look/States.tsx'
import { useText } from '../../text/useText.tsx'
import { useBy } from '../audit/useBy.ts'
import { Line, Lines } from '../kit/Lines.tsx'
import { Part } from '../kit/Page.tsx'
import { useReason } from '../kit/useReason.ts'
import { useWhen } from '../kit/useWhen.ts'
import { type Erasure, erasuresQuery } from './queries.ts'

const icons: Record<Erasure['state'], IconName> = { done: 'done', pending: 'clock', needs_attention: 'warn' }
const tones = { done: 'good', pending: undefined, needs_attention: 'bad' } as const

/** Who was erased, without saying who: how far it is, and who did it. */
export function Erasures() {
  const { t } = useText()
  const client = useQueryClient()
  const explain = useProblemText()
  const when = useWhen()
  const by = useBy()
  const reason = useReason()
  const { busy, error, run } = useAct()
  const query = useInfiniteQuery(erasuresQuery)
  const list = { ...query, data: query.data?.pages.flatMap((p) => p.items) }
  const retry = (e: Erasure) => async () => {
    await api.post('/api/v1/erasures/{erasure}/retry', { path: { erasure: e.id } })
    await client.invalidateQueries({ queryKey: erasuresQuery.queryKey })
  }
  return (
    <Part title={t('web.erasures.title')} text={t('web.erasures.text')}>
      {error !== null && <p role="alert">{explain(error)}</p>}
      <Lines query={list} empty={t('web.erasures.none')}>
        {(e) => (
          <Line
            key={e.id}
            icon={icons[e.state]}
            tone={tones[e.state]}
            title={t(`web.erasures.state.${e.state}`)}
            note={
              <>
                {by(e.requester)} · {when(e.requested_at)}
                {e.reason && ` · ${reason(e.reason)}`}
              </>
            }
            side={e.in_crm > 0 ? t.count('web.erasures.crm', e.in_crm) : undefined}
          >
            {e.state === 'needs_attention' && (
              <Button variant="default" size="xs" fz="sm" loading={busy} onClick={() => run(retry(e))}>
                {t('web.erasures.retry')}
              </Button>
            )}
          </Line>
        )}
      </Lines>
      {query.hasNextPage && (
        <div>
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t('web.settings.older')}
          </Button>
        </div>
      )}
    </Part>
  )
}
