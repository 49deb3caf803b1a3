import { Button, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, insist } from '../api/client.ts'
import { nasesQuery, visitQuery } from '../api/queries.ts'
import type { Visit, Voucher } from '../api/types.ts'
import { useAct } from '../dialog/useAct.ts'
import { Icon } from '../look/Icon.tsx'
import { Secret } from '../look/Secret.tsx'
import { Failed, Waiting } from '../look/States.tsx'
import network from '../network/Network.module.css'
import { grouped } from '../network/refused.ts'
import { RefusedLine } from '../network/RefusedLine.tsx'
import { Test } from '../network/Test.tsx'
import { Lines } from '../settings/kit/Lines.tsx'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { refusedSinceQuery, testVisitQuery } from './queries.ts'
import { type Step, testVisitor } from './steps.ts'

/** Credentials to try, and what becomes of the tries. */
export function LoginStep({ hold }: { hold: (step: Step | null) => void }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const { data: visit } = useQuery(testVisitQuery(site.id))
  const [voucher, setVoucher] = useState<Voucher | null>(null)
  const { busy, error, run } = useAct()
  const make = () =>
    run(async () => {
      hold('login')
      const body = { site_id: site.id, visitor: testVisitor, check_in: true, sync_crm: false }
      const answer = await insist((key) => api.post('/api/v1/visits', { body, key }))
      setVoucher(answer.voucher ?? null)
      client.setQueryData(testVisitQuery(site.id).queryKey, answer.visit)
    })
  if (visit && (visit.status === 'checked_in' || voucher)) return <Try visit={visit} voucher={voucher} show={setVoucher} hold={hold} />
  return (
    <Stack gap="md">
      {error !== null && <Failed error={error} />}
      <div>
        <Button loading={busy} onClick={make}>
          {t('web.setup.login.make')}
        </Button>
      </div>
    </Stack>
  )
}

type TryProps = {
  visit: Visit
  voucher: Voucher | null
  show: (voucher: Voucher) => void
  hold: (step: Step | null) => void
}

function Try({ visit, voucher, show, hold }: TryProps) {
  const { t } = useText()
  const site = useSite()
  const when = useWhen()
  const detail = useQuery({ ...visitQuery(visit.id), refetchInterval: 2000 })
  const session = detail.data?.sessions[0]
  if (session) {
    const values = { nas: session.nas_name || t('web.ending.nas'), at: when(session.started_at) }
    return (
      <Stack gap="md">
        <p className={network.come} role="status">
          <Icon name="done" />
          {t('web.setup.login.accepted', values)}
        </p>
        <Finish visit={visit} hold={hold} />
      </Stack>
    )
  }
  return (
    <Stack gap="md">
      <div>
        <Text className="dimmed">{t('web.setup.login.network')}</Text>
        <strong>{site.networks.map((n) => n.ssid).join(', ') || t('web.setup.login.nonetwork')}</strong>
      </div>
      <Credentials visit={visit} voucher={voucher} show={show} />
      <Waiting>{t('web.setup.login.waiting')}</Waiting>
      <Refusals since={visit.checked_in_at ?? visit.created_at} />
      <Tests />
    </Stack>
  )
}

/** Shown when they are made; later on demand, which is recorded. */
function Credentials({ visit, voucher, show }: Omit<TryProps, 'hold'>) {
  const { t } = useText()
  const { busy, error, run } = useAct()
  if (voucher?.password) {
    return (
      <>
        <Secret label={t('web.access.username')} value={voucher.username} />
        <Secret label={t('web.access.password')} value={voucher.password} grouped />
      </>
    )
  }
  const reveal = () =>
    run(async () => show((await api.post('/api/v1/visits/{id}/voucher/reveal', { path: { id: visit.id } })).voucher))
  return (
    <div>
      <Button variant="default" loading={busy} leftSection={<Icon name="eye" size={18} />} onClick={reveal}>
        {t('web.setup.login.show')}
      </Button>
      {error !== null && <Failed error={error} />}
    </div>
  )
}

/** What was refused meanwhile, with what helps. */
function Refusals({ since }: { since: string }) {
  const { t } = useText()
  const site = useSite()
  const refused = useQuery(refusedSinceQuery(site.id, since))
  const { data: nases = [] } = useQuery(nasesQuery(site.id))
  const groups = grouped(refused.data ?? [])
  if (groups.length === 0) return null
  return (
    <section aria-label={t('web.setup.login.refused')} aria-live="polite">
      <h3>{t('web.setup.login.refused')}</h3>
      <Lines query={{ data: groups, error: null, refetch: () => {} }} empty="">
        {(g) => <RefusedLine key={g.key} group={g} nas={nases.find((n) => n.id === g.nasID)} />}
      </Lines>
    </section>
  )
}

/** Nothing arrives at all? Then the connection is the question. */
function Tests() {
  const { t } = useText()
  const site = useSite()
  const { data: nases = [] } = useQuery(nasesQuery(site.id))
  const [open, setOpen] = useState(false)
  const [nas] = nases
  if (!nas) return null
  if (open) return <Test nas={nas} />
  return (
    <div>
      <Button variant="default" onClick={() => setOpen(true)}>
        {t('web.setup.login.test', { name: nas.name })}
      </Button>
    </div>
  )
}

/** The test's visit ends as any other does, its device with it. */
function Finish({ visit, hold }: Pick<TryProps, 'visit' | 'hold'>) {
  const { t } = useText()
  const { busy, error, run } = useAct()
  const finish = () =>
    run(async () => {
      await insist((key) => api.post('/api/v1/visits/{id}/check-out', { path: { id: visit.id }, key }))
      hold(null)
    })
  return (
    <>
      <Text>{t('web.setup.login.finish.text')}</Text>
      {error !== null && <Failed error={error} />}
      <div>
        <Button loading={busy} onClick={finish}>
          {t('web.setup.login.finish')}
        </Button>
      </div>
    </>
  )
}
