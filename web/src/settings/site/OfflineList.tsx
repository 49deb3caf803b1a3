import { Checkbox, PasswordInput, Textarea, TextInput } from '@mantine/core'
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import type { components } from '../../api/schema.ts'
import { useToast } from '../../look/Toasts.tsx'
import { Loaded } from '../../page.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { Form } from '../kit/Form.tsx'
import { Line, Lines } from '../kit/Lines.tsx'
import { Part } from '../kit/Page.tsx'
import classes from '../kit/Page.module.css'
import { useForm } from '../kit/useForm.ts'
import { addresses } from '../mail/addresses.ts'

type List = components['schemas']['OfflineList']

const offlineQuery = (site: string) =>
  queryOptions({
    queryKey: ['offline', site],
    queryFn: ({ signal }) => api.get('/api/v1/sites/{site}/evacuation/offline', { path: { site }, signal }),
    // Agents say where they serve it after they were told to.
    refetchInterval: 15_000,
  })

/** Who is in the building, served by the agent on the site's own network, for when nothing else is left. */
export function OfflineList() {
  const { t } = useText()
  const site = useSite()
  const list = useQuery(offlineQuery(site.id))
  return (
    <Part title={t('web.offline.title')} text={t('web.offline.text')}>
      <Loaded query={list}>{(l) => <OfflineForm key={site.id} list={l} />}</Loaded>
    </Part>
  )
}

function OfflineForm({ list }: { list: List }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const toast = useToast()
  const form = useForm(
    { enabled: list.enabled, networks: list.networks.join('\n'), listen: list.listen, pin: '' },
    async (f) => {
      const body = {
        enabled: f.enabled,
        networks: addresses(f.networks),
        listen: f.listen.trim(),
        ...(f.pin ? { pin: f.pin } : {}),
      }
      const changed = await api.put('/api/v1/sites/{site}/evacuation/offline', { path: { site: site.id }, body })
      client.setQueryData(offlineQuery(site.id).queryKey, changed)
      toast({ text: t('web.settings.saved') })
    },
    (f) => ({
      networks: f.enabled && addresses(f.networks).length === 0 ? t('web.offline.fault.networks') : undefined,
      pin:
        f.pin && !/^\d{8,32}$/.test(f.pin)
          ? t('web.offline.fault.pin')
          : f.enabled && !list.pin_set && !f.pin
            ? t('web.offline.fault.nopin')
            : undefined,
    }),
  )
  const { value, set, fault } = form
  return (
    <>
      <Form form={form} shown={['networks', 'listen', 'pin']}>
        <Checkbox
          label={t('web.offline.enabled')}
          checked={value.enabled}
          onChange={(e) => set({ enabled: e.currentTarget.checked })}
        />
        {(value.enabled || list.enabled) && (
          <>
            <Textarea
              label={t('web.offline.networks')}
              description={t('web.offline.networks.text')}
              autosize
              minRows={2}
              value={value.networks}
              onChange={(e) => set({ networks: e.currentTarget.value })}
              error={fault('networks')}
            />
            <div className={classes.pair}>
              <PasswordInput
                label={t('web.offline.pin')}
                description={list.pin_set ? t('web.offline.pin.kept') : t('web.offline.pin.text')}
                autoComplete="off"
                inputMode="numeric"
                value={value.pin}
                onChange={(e) => set({ pin: e.currentTarget.value })}
                error={fault('pin')}
                visibilityToggleButtonProps={{ 'aria-label': t('web.offline.pin.show'), tabIndex: 0 }}
              />
              <TextInput
                label={t('web.offline.listen')}
                description={t('web.offline.listen.text')}
                value={value.listen}
                onChange={(e) => set({ listen: e.currentTarget.value })}
                error={fault('listen')}
              />
            </div>
          </>
        )}
      </Form>
      {list.enabled && (
        <Lines query={{ data: list.agents, error: null, refetch: () => {} }} empty={t('web.offline.agents.none')}>
          {(a) => (
            <Line
              key={a.agent_id}
              icon={a.error ? 'warn' : a.address ? 'done' : 'clock'}
              tone={a.error ? 'bad' : a.address ? 'good' : undefined}
              title={a.name}
              note={
                a.error ? (
                  t.known(`web.offline.error.${a.error}`, a.error)
                ) : a.address ? (
                  <>
                    <div className={classes.code}>https://{a.address}</div>
                    <div>{t('web.offline.fingerprint')}</div>
                    <div className={classes.code}>{a.fingerprint}</div>
                  </>
                ) : (
                  t('web.offline.waiting')
                )
              }
            />
          )}
        </Lines>
      )}
    </>
  )
}
