import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useCallback, useEffect, useState } from 'react'
import { api } from '../api/client.ts'
import type { NAS } from '../api/types.ts'
import { useAct } from '../dialog/useAct.ts'
import { Icon, type IconName } from '../look/Icon.tsx'
import { Failed, Waiting } from '../look/States.tsx'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Network.module.css'
import type { TestedAgent } from './queries.ts'

/** Has the agents try an access point, and says what they found. */
export function TestDialog({ nas, close }: { nas: NAS; close: () => void }) {
  const { t } = useText()
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t('web.test.title', { name: nas.name })}
      closeButtonProps={{ 'aria-label': t('web.close') }}
    >
      <Test nas={nas}>
        <Button onClick={close}>{t('web.done')}</Button>
      </Test>
    </Modal>
  )
}

/** A test that begins at once; its children stand beside the button that repeats it. */
export function Test({ nas, children }: { nas: NAS; children?: React.ReactNode }) {
  const { t } = useText()
  const site = useSite()
  const [found, setFound] = useState<TestedAgent[] | null>(null)
  const { busy, error, run } = useAct()
  const test = useCallback(
    () =>
      run(async () => {
        setFound(null)
        const path = { site: site.id, nas: nas.id }
        setFound((await api.post('/api/v1/sites/{site}/nases/{nas}/test', { path })).agents)
      }),
    // run is another function each time, and does the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [site.id, nas.id],
  )
  useEffect(() => {
    void test()
  }, [test])
  return (
    <Stack gap="lg">
      {busy && <Waiting>{t('web.test.waiting')}</Waiting>}
      {error !== null && <Failed error={error} />}
      {found && (
        <div role="status">
          <Stack gap="lg">
            {found.length === 0 && <Text>{t('web.test.nobody')}</Text>}
            {found.map((a) => (
              <AgentFindings key={a.agent_id} agent={a} nas={nas} named={found.length > 1} />
            ))}
          </Stack>
        </div>
      )}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" loading={busy} leftSection={<Icon name="retry" size={18} />} onClick={test}>
          {t('web.test.again')}
        </Button>
        {children}
      </Group>
    </Stack>
  )
}

const icons: Record<string, IconName> = { good: 'done', bad: 'warn', unknown: 'clock' }

function AgentFindings({ agent, nas, named }: { agent: TestedAgent; nas: NAS; named: boolean }) {
  const { t } = useText()
  const when = useWhen()
  return (
    <section className={classes.agent} aria-label={agent.name}>
      {named && <h3>{t('web.test.agent', { agent: agent.name })}</h3>}
      <ul className={classes.findings}>
        {agent.findings.map((f) => {
          const values = {
            nas: nas.name,
            agent: agent.name,
            at: when(f.at ?? agent.since),
            cause: agent.error_cause ?? '–',
            port: nas.coa_port,
          }
          const remedy = t.known(`web.testdo.${f.code}`, '', values)
          return (
            <li key={f.code} data-state={f.state}>
              <Icon name={icons[f.state] ?? 'clock'} />
              <div>
                <div>{t.known(`web.found.${f.code}`, f.code, values)}</div>
                {remedy && <div className={classes.remedy}>{remedy}</div>}
              </div>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
