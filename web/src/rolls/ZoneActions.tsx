import { Switch } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { useProblemText } from '../look/States.tsx'
import { useToast, useWait } from '../look/Toasts.tsx'
import { More } from '../settings/kit/Lines.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { type Impact, readAgain, type Zone } from './queries.ts'
import { Retire } from './Retire.tsx'
import { ZoneDialog } from './ZoneDialog.tsx'

/** What can be done with a zone. */
export function ZoneActions({ zone: z, gone }: { zone: Zone; gone?: () => void }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const client = useQueryClient()
  const toast = useToast()
  const wait = useWait()
  const explain = useProblemText()
  const [changing, setChanging] = useState(false)
  const [ending, setEnding] = useState<Impact | null>(null)
  if (!can('rolls.write')) return null
  const path = { site: site.id, zone: z.id }

  const quietly = async (act: () => Promise<void>) => {
    try {
      await wait(t('web.waiting'), act())
    } catch (error) {
      toast({ text: explain(error), bad: true })
    }
  }
  const enable = (enabled: boolean) =>
    quietly(async () => {
      await api.patch('/api/v1/sites/{site}/zones/{zone}', { path, body: { enabled } })
      await readAgain(client, site.id)
      toast({ text: t(enabled ? 'web.zone.enabled' : 'web.zone.disabled', { name: z.name }) })
    })
  const askDelete = () =>
    quietly(async () =>
      setEnding(await api.post('/api/v1/sites/{site}/zones/{zone}/preview', { path, body: { delete: true } })),
    )
  return (
    <>
      <Switch
        aria-label={t('web.zone.enable', { name: z.name })}
        checked={z.enabled}
        onChange={(e) => enable(e.currentTarget.checked)}
      />
      <More
        name={z.name}
        items={[
          { label: t('web.settings.change'), run: () => setChanging(true) },
          { label: t('web.rolls.delete'), bad: true, run: askDelete },
        ]}
      />
      {changing && <ZoneDialog zone={z} close={() => setChanging(false)} />}
      {ending && (
        <Retire
          title={t('web.zone.delete', { name: z.name })}
          action={t('web.rolls.delete')}
          impact={ending}
          never
          close={() => setEnding(null)}
          act={async () => {
            await api.delete('/api/v1/sites/{site}/zones/{zone}', { path })
            setEnding(null)
            gone?.()
            await readAgain(client, site.id)
          }}
        />
      )}
    </>
  )
}
