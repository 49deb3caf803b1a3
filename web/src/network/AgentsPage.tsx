import { Button, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { agentsQuery, nasesQuery } from '../api/queries.ts'
import type { Agent } from '../api/types.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Icon } from '../look/Icon.tsx'
import { FormDialog } from '../settings/kit/Form.tsx'
import { Line, Lines, More } from '../settings/kit/Lines.tsx'
import { Page, Part } from '../settings/kit/Page.tsx'
import { useForm } from '../settings/kit/useForm.ts'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { Enrolment, type Made } from './Enrolment.tsx'

type Asked = { what: 'withdraw' | 'release'; agent: Agent }

/** The processes at the site that answer its access points. */
export function AgentsPage() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const agents = useQuery({ ...agentsQuery(site.id), refetchInterval: 10_000 })
  const [adding, setAdding] = useState(false)
  const [made, setMade] = useState<Made | null>(null)
  const [asked, setAsked] = useState<Asked | null>(null)
  const may = can('agents.write')
  return (
    <Page title={t('web.network.agents')} intro={t('web.network.agents.text')}>
      <SetUp />
      <Part
        title={t('web.network.agents.here')}
        action={
          may && (
            <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
              {t('web.agent.add')}
            </Button>
          )
        }
      >
        <Lines query={agents} empty={t('web.network.agents.none')}>
          {(a) => (
            <AgentLine key={a.id} agent={a}>
              {may && (
                <More
                  name={a.name}
                  items={[
                    a.state === 'quarantined' && {
                      label: t('web.agent.release'),
                      run: () => setAsked({ what: 'release', agent: a }),
                    },
                    { label: t('web.agent.withdraw'), bad: true, run: () => setAsked({ what: 'withdraw', agent: a }) },
                  ]}
                />
              )}
            </AgentLine>
          )}
        </Lines>
      </Part>
      {adding && (
        <AddAgent
          close={() => setAdding(false)}
          done={(m) => {
            setAdding(false)
            setMade(m)
          }}
        />
      )}
      {made && <Enrolment made={made} close={() => setMade(null)} />}
      {asked && <Sure {...asked} close={() => setAsked(null)} />}
    </Page>
  )
}

/** The way back into the setup, while a part of it is missing. */
function SetUp() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const agents = useQuery(agentsQuery(site.id))
  const nases = useQuery({ ...nasesQuery(site.id), enabled: can('nases.read') })
  const missing = agents.data?.length === 0 || nases.data?.length === 0
  if (!missing || !can('agents.write') || !can('nases.write')) return null
  return (
    <p>
      <Link to="/setup" search={{ site: site.id }}>
        {t('web.network.setup')}
      </Link>
    </p>
  )
}

function AgentLine({ agent: a, children }: { agent: Agent; children: React.ReactNode }) {
  const { t } = useText()
  const when = useWhen()
  const good = a.state === 'connected'
  const trouble = useTrouble(a)
  return (
    <Line
      icon={good && trouble.length === 0 ? 'done' : a.state === 'new' ? 'clock' : 'warn'}
      tone={good && trouble.length === 0 ? 'good' : a.state === 'new' ? undefined : trouble.length > 0 ? 'bad' : 'warn'}
      title={a.name}
      note={
        <>
          {t(`web.agent.${a.state}`, { since: when(a.since ?? a.created_at) })}
          {trouble.map((text) => (
            <div key={text} role="alert">
              {text}
            </div>
          ))}
        </>
      }
      side={
        a.enrolled_at && (
          <>
            <div>{a.lag > 0 ? t.count('web.agent.lag', a.lag) : t('web.agent.current')}</div>
            {a.version && <div>{t('web.agent.version', { version: a.version })}</div>}
            {a.stats && good && <div>{t.count('web.agent.sessions', a.stats.sessions)}</div>}
          </>
        )
      }
    >
      {children}
    </Line>
  )
}

/** What an agent says that somebody has to see to. */
function useTrouble(a: Agent): string[] {
  const { t } = useText()
  const found: string[] = []
  if (a.stats?.disk_error) found.push(t.known(`web.agent.disk.${a.stats.disk_error}`, t('web.agent.disk.other')))
  if (a.stats?.journal_dropped) found.push(t.count('web.agent.dropped', a.stats.journal_dropped))
  return found
}

function AddAgent({ close, done }: { close: () => void; done: (made: Made) => void }) {
  const { t } = useText()
  const make = useMakeAgent()
  const form = useForm(
    { name: '' },
    async ({ name }) => done(await make(name)),
    (f) => ({ name: f.name.trim() ? undefined : t('web.settings.fault.name') }),
  )
  return (
    <FormDialog title={t('web.agent.add')} form={form} shown={['name']} action={t('web.agent.make')} close={close}>
      <TextInput
        label={t('web.settings.name')}
        description={t('web.agent.name.text')}
        data-autofocus
        value={form.value.name}
        onChange={(e) => form.set({ name: e.currentTarget.value })}
        error={form.fault('name')}
      />
    </FormDialog>
  )
}

/** Makes an agent; its token is in this answer and nowhere else. */
export function useMakeAgent(): (name: string) => Promise<Made> {
  const site = useSite()
  const client = useQueryClient()
  return async (name) => {
    const answer = await api.post('/api/v1/sites/{site}/agents', { path: { site: site.id }, body: { name: name.trim() } })
    await client.invalidateQueries({ queryKey: ['agents', site.id] })
    return { id: answer.id, name: name.trim(), token: answer.enrolment_token, expiresAt: answer.expires_at ?? '' }
  }
}

function Sure({ what, agent, close }: Asked & { close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const path = { site: site.id, agent: agent.id }
  return (
    <Confirm
      title={t(`web.agent.${what}.ask`, { name: agent.name })}
      action={t(`web.agent.${what}`)}
      waiting={t('web.waiting')}
      danger={what === 'withdraw'}
      close={close}
      act={async () => {
        if (what === 'withdraw') await api.delete('/api/v1/sites/{site}/agents/{agent}', { path })
        else await api.post('/api/v1/sites/{site}/agents/{agent}/release', { path })
        await client.invalidateQueries({ queryKey: ['agents', site.id] })
        close()
      }}
    >
      {t(`web.agent.${what}.text`)}
    </Confirm>
  )
}
