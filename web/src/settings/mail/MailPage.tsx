import { Button } from '@mantine/core'
import { infiniteQueryOptions, queryOptions, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { useAct } from '../../dialog/useAct.ts'
import { useProblemText } from '../../look/States.tsx'
import { useToast } from '../../look/Toasts.tsx'
import { Loaded } from '../../page.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Line, Lines } from '../kit/Lines.tsx'
import { Page, Part } from '../kit/Page.tsx'
import { useReason } from '../kit/useReason.ts'
import { useWhen } from '../kit/useWhen.ts'
import { stateIcons, stateTones } from '../webhooks/Deliveries.tsx'
import { MailForm } from './MailForm.tsx'

export const mailQuery = (site: string) =>
  queryOptions({
    queryKey: ['mail', site],
    queryFn: ({ signal }) => api.get('/api/v1/sites/{site}/mail', { path: { site }, signal }),
  })

const mailsQuery = (site: string) =>
  infiniteQueryOptions({
    queryKey: ['mails', site],
    queryFn: ({ pageParam, signal }) =>
      api.get('/api/v1/sites/{site}/mail/deliveries', { path: { site }, query: { cursor: pageParam, limit: 20 }, signal }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: 5_000,
  })

/** What a site mails, how it signs, and what became of it. */
export function MailPage() {
  const { t } = useText()
  const site = useSite()
  const settings = useQuery(mailQuery(site.id))
  return (
    <Page title={t('web.nav.mail')} intro={t('web.mailpage.intro', { site: site.name })}>
      <Loaded query={settings}>{(s) => <MailForm key={site.id} settings={s} />}</Loaded>
      <Sent />
    </Page>
  )
}

function Sent() {
  const { t } = useText()
  const site = useSite()
  const { me } = useMe()
  const client = useQueryClient()
  const toast = useToast()
  const explain = useProblemText()
  const when = useWhen()
  const reason = useReason()
  const { busy, error, run } = useAct()
  const query = useInfiniteQuery(mailsQuery(site.id))
  const list = { ...query, data: query.data?.pages.flatMap((p) => p.items) }
  const test = async () => {
    await api.post('/api/v1/sites/{site}/mail/test', { path: { site: site.id } })
    toast({ text: t('web.mailpage.tested', { email: me?.email ?? '' }) })
    await client.invalidateQueries({ queryKey: ['mails', site.id] })
  }
  const off = list.data?.[0]?.reason === 'mail_off'
  return (
    <Part
      title={t('web.mailpage.sent')}
      text={t('web.mailpage.sent.text')}
      action={
        me?.kind === 'user' && (
          <Button variant="default" loading={busy} onClick={() => run(test)}>
            {t('web.mailpage.test')}
          </Button>
        )
      }
    >
      {error !== null && <p role="alert">{explain(error)}</p>}
      {off && <p role="status">{t('web.mailpage.off')}</p>}
      <Lines query={list} empty={t('web.mailpage.none')}>
        {(d) => (
          <Line
            key={d.id}
            icon={stateIcons[d.state]}
            tone={stateTones[d.state]}
            title={t.known(`web.mail.${d.name}`, d.name)}
            note={
              <>
                {t(`web.outward.state.${d.state}`)}
                {d.reason && d.state !== 'delivered' && ` · ${reason(d.reason)}`}
              </>
            }
            side={
              <>
                <div>{when(d.ended_at ?? d.created_at)}</div>
                {d.state === 'pending' && d.attempts > 0 && d.next_attempt_at && (
                  <div>{t('web.deliveries.next', { at: when(d.next_attempt_at) })}</div>
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
    </Part>
  )
}
