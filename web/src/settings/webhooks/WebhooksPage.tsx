import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Icon, type IconName } from '../../look/Icon.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Line, Lines } from '../kit/Lines.tsx'
import { Once } from '../kit/Once.tsx'
import { Page, Part } from '../kit/Page.tsx'
import { useReach } from '../kit/SitesField.tsx'
import { useWhen } from '../kit/useWhen.ts'
import { stateOf, type Webhook, webhooksQuery } from './queries.ts'
import { WebhookDialog } from './WebhookDialog.tsx'

export const icons: Record<ReturnType<typeof stateOf>, IconName> = {
  on: 'done',
  paused: 'clock',
  off: 'absent',
  gone: 'warn',
}
export const tones = { on: 'good', paused: 'warn', off: undefined, gone: 'bad' } as const

/** Who is told of what happens. */
export function WebhooksPage() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const when = useWhen()
  const reach = useReach()
  const webhooks = useQuery(webhooksQuery)
  const [adding, setAdding] = useState(false)
  const [made, setMade] = useState<{ webhook: Webhook; secret: string } | null>(null)
  return (
    <Page title={t('web.nav.webhooks')}>
      <Part
        title={t('web.webhooks.title')}
        text={t('web.webhooks.text')}
        action={
          can('webhooks.write') && (
            <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
              {t('web.webhooks.add')}
            </Button>
          )
        }
      >
        <Lines query={webhooks} empty={t('web.webhooks.none')}>
          {(w) => {
            const state = stateOf(w, Date.now())
            return (
              <Line
                key={w.id}
                icon={icons[state]}
                tone={tones[state]}
                title={
                  <Link to="/sites/$site/settings/webhooks/$webhook" params={{ site: site.id, webhook: w.id }}>
                    {w.name}
                  </Link>
                }
                note={
                  <>
                    <div>{w.url}</div>
                    <div>
                      {w.kinds.length === 0 ? t('web.webhooks.all') : t.count('web.webhooks.kinds', w.kinds.length)} ·{' '}
                      {reach(w)}
                    </div>
                  </>
                }
                side={t(`web.webhooks.state.${state}`, { at: when(w.paused_until ?? w.disabled_at) })}
              />
            )
          }}
        </Lines>
      </Part>
      {adding && (
        <WebhookDialog
          close={() => setAdding(false)}
          made={(m) => {
            setAdding(false)
            setMade(m)
          }}
        />
      )}
      {made && (
        <Once
          title={t('web.webhooks.made', { name: made.webhook.name })}
          label={t('web.webhooks.secret')}
          value={made.secret}
          text={t('web.webhooks.once')}
          close={() => setMade(null)}
        />
      )}
    </Page>
  )
}
