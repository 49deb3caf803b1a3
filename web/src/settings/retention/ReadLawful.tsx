import { Button, Group, Modal, Stack } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'
import { useAct } from '../../dialog/useAct.ts'
import { useProblemText } from '../../look/States.tsx'
import { Loaded } from '../../page.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { useBy } from '../audit/useBy.ts'
import { Line, Lines } from '../kit/Lines.tsx'
import classes from '../kit/Page.module.css'
import { useWhen } from '../kit/useWhen.ts'
import { type Lawful, lawfulQuery } from './queries.ts'

type Match = components['schemas']['LawfulMatch']

/** One request: what it asks, the decision, and the answer for whoever asked. Each reading is audited. */
export function ReadLawful({ request, close }: { request: Lawful; close: () => void }) {
  const { t } = useText()
  const { me, can } = useMe()
  const client = useQueryClient()
  const explain = useProblemText()
  const when = useWhen()
  const by = useBy()
  const { busy, error, run } = useAct()
  const path = { request: request.id }
  const detail = useQuery({
    queryKey: ['lawful', request.id],
    queryFn: ({ signal }) => api.get('/api/v1/lawful-requests/{request}', { path, signal }),
    // It may hold whom it is about, and asking again would be another reading, which is audited.
    gcTime: 0,
    enabled: (query) => query.state.data === undefined,
  })
  const decide = (what: 'approve' | 'deny') => async () => {
    await api.post(`/api/v1/lawful-requests/{request}/${what}`, { path })
    await client.invalidateQueries({ queryKey: lawfulQuery.queryKey })
    close()
  }
  const mine = me?.kind === request.requester.kind && me.id === request.requester.id
  const decides = request.state === 'open' && can('lawful.approve') && !mine && me?.kind === 'user'
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t('web.lawful.one')}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <Stack gap="md">
        <Loaded query={detail}>
          {({ request: r, matches, note }) => (
            <>
              <dl className={classes.facts}>
                <dt>{t('web.lawful.state')}</dt>
                <dd>{t(`web.lawful.state.${r.state}`)}</dd>
                <dt>{t('web.lawful.requester')}</dt>
                <dd>
                  {by(r.requester)}, {when(r.requested_at)}
                </dd>
                {r.reference && (
                  <>
                    <dt>{t('web.lawful.reference')}</dt>
                    <dd>{r.reference}</dd>
                  </>
                )}
                {r.query && (
                  <>
                    <dt>{t('web.lawful.asks')}</dt>
                    <dd>
                      {r.query.ip || r.query.mac}, {when(r.query.at)}
                    </dd>
                  </>
                )}
              </dl>
              {request.state === 'open' && mine && <p>{t('web.lawful.other')}</p>}
              {request.state === 'approved' && !mine && <p>{t('web.lawful.theirs')}</p>}
              {request.state === 'approved' && mine && (
                <Lines query={{ data: matches ?? [], error: null, refetch: () => {} }} empty={t('web.lawful.nomatch')}>
                  {(m) => <MatchLine key={m.session_id} match={m} />}
                </Lines>
              )}
              {note && <p className="dimmed">{note}</p>}
            </>
          )}
        </Loaded>
        {error !== null && <p role="alert">{explain(error)}</p>}
        <Group justify="flex-end" gap="sm">
          {decides ? (
            <>
              <Button variant="default" loading={busy} onClick={() => run(decide('deny'))}>
                {t('web.lawful.deny')}
              </Button>
              <Button loading={busy} onClick={() => run(decide('approve'))}>
                {t('web.lawful.approve')}
              </Button>
            </>
          ) : (
            <Button onClick={close}>{t('web.done')}</Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}

function MatchLine({ match: m }: { match: Match }) {
  const { t } = useText()
  const when = useWhen()
  const name = m.visitor ? `${m.visitor.first_name} ${m.visitor.last_name}`.trim() : t('web.lawful.gone')
  return (
    <Line
      icon={m.certain ? 'done' : 'clock'}
      tone={m.certain ? 'good' : undefined}
      title={m.visit_id ? <Link to="/visits/$visit" params={{ visit: m.visit_id }}>{name}</Link> : name}
      note={[m.visitor?.company, m.visitor?.email, m.mac, m.ip].filter(Boolean).join(' · ')}
      side={
        <>
          <div>
            {when(m.started_at)} – {when(m.ended_at ?? m.last_seen_at)}
          </div>
          <div>{t(m.certain ? 'web.lawful.certain' : 'web.lawful.possible')}</div>
        </>
      }
    />
  )
}
