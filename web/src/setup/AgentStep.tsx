import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { agentsQuery } from '../api/queries.ts'
import type { Agent } from '../api/types.ts'
import { useAct } from '../dialog/useAct.ts'
import { Failed, Waiting } from '../look/States.tsx'
import { useMakeAgent } from '../network/AgentsPage.tsx'
import { HowToEnrol, type Made } from '../network/Enrolment.tsx'
import { useForm } from '../settings/kit/useForm.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { StepForm } from './StepForm.tsx'

/** The agent is made, and then waited for. */
export function AgentStep() {
  const site = useSite()
  const { data = [] } = useQuery(agentsQuery(site.id))
  const [made, setMade] = useState<Made | null>(null)
  const away = data.find((a) => a.state !== 'connected')
  if (made) {
    return (
      <Stack gap="md">
        <HowToEnrol made={made} />
      </Stack>
    )
  }
  return away ? <Away agent={away} done={setMade} /> : <Make done={setMade} />
}

function Make({ done }: { done: (made: Made) => void }) {
  const { t } = useText()
  const make = useMakeAgent()
  const form = useForm(
    { name: '' },
    async ({ name }) => done(await make(name)),
    (f) => ({ name: f.name.trim() ? undefined : t('web.settings.fault.name') }),
  )
  return (
    <StepForm form={form} shown={['name']} action={t('web.agent.make')}>
      <TextInput
        label={t('web.settings.name')}
        description={t('web.agent.name.text')}
        value={form.value.name}
        onChange={(e) => form.set({ name: e.currentTarget.value })}
        error={form.fault('name')}
      />
    </StepForm>
  )
}

/** One was made before: it is waited for, or takes another token. */
function Away({ agent, done }: { agent: Agent; done: (made: Made) => void }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const make = useMakeAgent()
  const { busy, error, run } = useAct()
  const again = () =>
    run(async () => {
      const made = await make(agent.name)
      if (!agent.enrolled_at) {
        const path = { site: site.id, agent: agent.id }
        await api.delete('/api/v1/sites/{site}/agents/{agent}', { path })
        await client.invalidateQueries({ queryKey: ['agents', site.id] })
      }
      done(made)
    })
  return (
    <Stack gap="md">
      <Text>{t(agent.enrolled_at ? 'web.setup.agent.away' : 'web.setup.agent.lost', { name: agent.name })}</Text>
      <Waiting>{t('web.enrol.waiting', { name: agent.name })}</Waiting>
      {error !== null && <Failed error={error} />}
      <div>
        <Button variant="default" loading={busy} onClick={again}>
          {t('web.setup.agent.again')}
        </Button>
      </div>
    </Stack>
  )
}
