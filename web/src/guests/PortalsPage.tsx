import { Button, Switch } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Icon } from '../look/Icon.tsx'
import { Empty } from '../look/States.tsx'
import { useToast } from '../look/Toasts.tsx'
import { Loaded } from '../page.tsx'
import { Line, Lines, More } from '../settings/kit/Lines.tsx'
import { Page, Part } from '../settings/kit/Page.tsx'
import { useQuick } from '../settings/kit/useQuick.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { PortalForm } from './PortalForm.tsx'
import { type Portal, portalsQuery, readPortals, templatesQuery } from './queries.ts'

type Open = { what: 'add' } | { what: 'change' | 'delete'; portal: Portal } | null

/** Where this site's networks send guests. */
export function PortalsPage() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const navigate = useNavigate()
  const portals = useQuery(portalsQuery(site.id))
  const templates = useQuery(templatesQuery)
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const none = templates.data?.length === 0
  const add = can('portals.write') && !none && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen({ what: 'add' })}>
      {t('web.guests.portal.add')}
    </Button>
  )
  return (
    <Page title={t('web.nav.portals')} intro={t('web.guests.portals.text')}>
      <Loaded query={portals}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon="network" title={t(none ? 'web.guests.portals.notemplate' : 'web.guests.portals.none')}>
              {none ? (
                <Link to="/sites/$site/guests/templates" params={{ site: site.id }}>
                  {t('web.nav.templates')}
                </Link>
              ) : (
                add
              )}
            </Empty>
          ) : (
            <Part title={t('web.guests.portals.here')} action={add}>
              <Lines query={portals} empty="">
                {(p) => (
                  <PortalLine key={p.id} portal={p}>
                    {can('portals.write') && <Actions portal={p} open={setOpen} />}
                  </PortalLine>
                )}
              </Lines>
            </Part>
          )
        }
      </Loaded>
      {open?.what === 'add' && (
        <PortalForm
          close={close}
          made={(p) => navigate({ to: '/sites/$site/guests/portals/$portal', params: { site: site.id, portal: p.id } })}
        />
      )}
      {open?.what === 'change' && <PortalForm portal={open.portal} close={close} />}
      {open?.what === 'delete' && <Delete portal={open.portal} close={close} />}
    </Page>
  )
}

function PortalLine({ portal: p, children }: { portal: Portal; children: React.ReactNode }) {
  const { t } = useText()
  const site = useSite()
  return (
    <Line
      icon={p.enabled ? 'network' : 'absent'}
      tone={p.enabled ? undefined : 'warn'}
      title={
        <Link to="/sites/$site/guests/portals/$portal" params={{ site: site.id, portal: p.id }}>
          {p.name}
        </Link>
      }
      note={
        <>
          {!p.enabled && <div>{t('web.guests.portal.off')}</div>}
          <div>{t.known(`web.guests.vendor.${p.vendor}`, p.vendor)}</div>
        </>
      }
      side={t('web.guests.portal.template', { name: p.template_name })}
    >
      {children}
    </Line>
  )
}

function Actions({ portal: p, open }: { portal: Portal; open: (o: Open) => void }) {
  const { t } = useText()
  const client = useQueryClient()
  const toast = useToast()
  const quick = useQuick()
  const enable = async (enabled: boolean) => {
    const path = { site: p.site_id, portal: p.id }
    await api.patch('/api/v1/sites/{site}/portals/{portal}', { path, body: { enabled } })
    await readPortals(client)
    toast({ text: t(enabled ? 'web.guests.portal.enabled' : 'web.guests.portal.disabled', { name: p.name }) })
  }
  return (
    <>
      <Switch
        aria-label={t('web.guests.portal.enable', { name: p.name })}
        checked={p.enabled}
        onChange={(e) => {
          const { checked } = e.currentTarget
          quick(() => enable(checked))
        }}
      />
      <More
        name={p.name}
        items={[
          { label: t('web.settings.change'), run: () => open({ what: 'change', portal: p }) },
          { label: t('web.guests.delete'), bad: true, run: () => open({ what: 'delete', portal: p }) },
        ]}
      />
    </>
  )
}

function Delete({ portal: p, close }: { portal: Portal; close: () => void }) {
  const { t } = useText()
  const client = useQueryClient()
  return (
    <Confirm
      title={t('web.guests.delete.ask', { name: p.name })}
      action={t('web.guests.delete')}
      waiting={t('web.waiting')}
      danger
      close={close}
      act={async () => {
        await api.delete('/api/v1/sites/{site}/portals/{portal}', { path: { site: p.site_id, portal: p.id } })
        await readPortals(client)
        close()
      }}
    >
      {t('web.guests.portal.delete.text')}
    </Confirm>
  )
}
