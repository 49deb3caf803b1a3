import { Alert, Button, Group } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { useAct } from '../../dialog/useAct.ts'
import { useProblemText } from '../../look/States.tsx'
import { useToast } from '../../look/Toasts.tsx'
import { Loaded } from '../../page.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { More } from '../kit/Lines.tsx'
import { Once } from '../kit/Once.tsx'
import { Page, Part } from '../kit/Page.tsx'
import classes from '../kit/Page.module.css'
import { useReach } from '../kit/SitesField.tsx'
import { useWhen } from '../kit/useWhen.ts'
import { Deliveries } from './Deliveries.tsx'
import { stateOf, type Webhook, webhookQuery, webhooksQuery } from './queries.ts'
import { Rotate } from './Rotate.tsx'
import { WebhookDialog } from './WebhookDialog.tsx'

/** One webhook, and what went to it. */
export function WebhookPage() {
  const { t } = useText()
  const site = useSite()
  const { webhook: id = '' } = useParams({ strict: false })
  const webhook = useQuery(webhookQuery(id))
  return (
    <Page
      title={webhook.data?.name ?? t('web.nav.webhooks')}
      intro={
        <Link to="/sites/$site/settings/webhooks" params={{ site: site.id }}>
          {t('web.webhooks.back')}
        </Link>
      }
    >
      <Loaded query={webhook}>{(w) => <One webhook={w} />}</Loaded>
    </Page>
  )
}

function One({ webhook: w }: { webhook: Webhook }) {
  const { t } = useText()
  const { can } = useMe()
  const when = useWhen()
  const reach = useReach()
  const state = stateOf(w, Date.now())
  return (
    <>
      <Part title={t('web.webhooks.facts')} action={can('webhooks.write') && <Changes webhook={w} />}>
        <dl className={classes.facts}>
          <dt>{t('web.webhooks.url')}</dt>
          <dd className={classes.code}>{w.url}</dd>
          <dt>{t('web.webhooks.state')}</dt>
          <dd>{t(`web.webhooks.state.${state}`, { at: when(w.paused_until ?? w.disabled_at) })}</dd>
          <dt>{t('web.webhooks.events')}</dt>
          <dd>{w.kinds.length === 0 ? t('web.webhooks.all') : w.kinds.map((k) => t.known(`web.event.${k}`, k)).join(', ')}</dd>
          <dt>{t('web.webhooks.payload')}</dt>
          <dd>{t(`web.webhooks.payload.${w.payload}`)}</dd>
          <dt>{t('web.settings.sites')}</dt>
          <dd>{reach(w)}</dd>
          {w.old_secret_until && (
            <>
              <dt>{t('web.webhooks.secret')}</dt>
              <dd>{t('web.webhooks.overlap', { at: when(w.old_secret_until) })}</dd>
            </>
          )}
        </dl>
      </Part>
      <Deliveries webhook={w} />
    </>
  )
}

function Changes({ webhook: w }: { webhook: Webhook }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const explain = useProblemText()
  const { busy, error, run } = useAct()
  const [open, setOpen] = useState<'change' | 'rotate' | 'disable' | 'delete' | null>(null)
  const [secret, setSecret] = useState('')
  const path = { webhook: w.id }
  const again = () => client.invalidateQueries({ queryKey: webhooksQuery.queryKey })
  const enable = (enabled: boolean) => async () => {
    await api.patch('/api/v1/webhooks/{webhook}', { path, body: { enabled } })
    await again()
    setOpen(null)
  }
  const test = async () => {
    await api.post('/api/v1/webhooks/{webhook}/test', { path })
    await client.invalidateQueries({ queryKey: ['deliveries', w.id] })
    toast({ text: t('web.webhooks.tested') })
  }
  return (
    <>
      <Group gap="xs">
        {error !== null && (
          <Alert color="red" role="alert">
            {explain(error)}
          </Alert>
        )}
        {w.enabled ? (
          <Button variant="default" loading={busy} onClick={() => run(test)}>
            {t('web.webhooks.test')}
          </Button>
        ) : (
          <Button loading={busy} onClick={() => run(enable(true))}>
            {t('web.webhooks.enable')}
          </Button>
        )}
        <More
          name={w.name}
          items={[
            { label: t('web.settings.change'), run: () => setOpen('change') },
            { label: t('web.webhooks.rotate'), run: () => setOpen('rotate') },
            w.enabled && { label: t('web.webhooks.disable'), run: () => setOpen('disable') },
            { label: t('web.settings.remove'), bad: true, run: () => setOpen('delete') },
          ]}
        />
      </Group>
      {open === 'change' && <WebhookDialog webhook={w} close={() => setOpen(null)} />}
      {open === 'rotate' && (
        <Rotate
          webhook={w}
          close={() => setOpen(null)}
          done={(s) => {
            setOpen(null)
            setSecret(s)
            void again()
          }}
        />
      )}
      {secret && (
        <Once
          title={t('web.webhooks.made', { name: w.name })}
          label={t('web.webhooks.secret')}
          value={secret}
          text={t('web.webhooks.once')}
          close={() => setSecret('')}
        />
      )}
      {open === 'disable' && (
        <Confirm
          title={t('web.webhooks.disable.ask', { name: w.name })}
          action={t('web.webhooks.disable')}
          waiting={t('web.waiting')}
          close={() => setOpen(null)}
          act={enable(false)}
        >
          {t('web.webhooks.disable.text')}
        </Confirm>
      )}
      {open === 'delete' && (
        <Confirm
          title={t('web.webhooks.delete.ask', { name: w.name })}
          action={t('web.settings.remove')}
          waiting={t('web.waiting')}
          danger
          close={() => setOpen(null)}
          act={async () => {
            await api.delete('/api/v1/webhooks/{webhook}', { path })
            await navigate({ to: '/sites/$site/settings/webhooks', params: { site: site.id } })
            await again()
          }}
        >
          {t('web.webhooks.delete.text')}
        </Confirm>
      )}
    </>
  )
}
