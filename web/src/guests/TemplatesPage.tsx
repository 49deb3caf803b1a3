import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Icon } from '../look/Icon.tsx'
import { Empty } from '../look/States.tsx'
import { Loaded } from '../page.tsx'
import { useSpan } from '../rolls/useSpan.ts'
import { Line, Lines, More } from '../settings/kit/Lines.tsx'
import { Page, Part } from '../settings/kit/Page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { profilesQuery, readPortals, type Template, templatesQuery } from './queries.ts'
import { shortLifetime } from './template.ts'
import { useDeploymentWide } from './useDeploymentWide.ts'

/** What portals show and how they let guests in; the same for all sites. */
export function TemplatesPage() {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const may = useDeploymentWide('portals.write')
  const templates = useQuery(templatesQuery)
  const profiles = useQuery(profilesQuery)
  const [deleting, setDeleting] = useState<Template | null>(null)
  const open = (template: string) =>
    navigate({ to: '/sites/$site/guests/templates/$template', params: { site: site.id, template } })
  const none = profiles.data?.length === 0
  const add = may && !none && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => open('new')}>
      {t('web.guests.template.add')}
    </Button>
  )
  return (
    <Page title={t('web.nav.templates')} intro={t('web.guests.templates.text')}>
      <Loaded query={templates}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon="board" title={t(none ? 'web.guests.templates.noprofile' : 'web.guests.templates.none')}>
              {none ? (
                <Link to="/sites/$site/guests/profiles" params={{ site: site.id }}>
                  {t('web.nav.profiles')}
                </Link>
              ) : (
                add
              )}
            </Empty>
          ) : (
            <Part title={t('web.guests.allsites')} action={add}>
              <Lines query={templates} empty="">
                {(x) => (
                  <TemplateLine key={x.id} template={x}>
                    {may && (
                      <More
                        name={x.name}
                        items={[
                          { label: t('web.settings.change'), run: () => open(x.id) },
                          { label: t('web.guests.delete'), bad: true, run: () => setDeleting(x) },
                        ]}
                      />
                    )}
                  </TemplateLine>
                )}
              </Lines>
            </Part>
          )
        }
      </Loaded>
      {deleting && <Delete template={deleting} close={() => setDeleting(null)} />}
    </Page>
  )
}

function TemplateLine({ template: x, children }: { template: Template; children: React.ReactNode }) {
  const { t } = useText()
  const site = useSite()
  const span = useSpan()
  const { data: profiles } = useQuery(profilesQuery)
  const profile = profiles?.find((p) => p.id === x.profile_id)?.name ?? ''
  return (
    <Line
      icon="board"
      title={
        <Link to="/sites/$site/guests/templates/$template" params={{ site: site.id, template: x.id }}>
          {x.name}
        </Link>
      }
      note={
        <>
          <div>
            {t('web.guests.template.lasts', { time: span.whole(x.lifetime_minutes * 60) })}{' '}
            {t(`web.guests.reauth.${x.reauth}.short`)}
          </div>
          <div>{x.methods.map((m) => t.known(`web.guests.method.${m}`, m)).join(' · ')}</div>
          {x.lifetime_minutes < shortLifetime && <div>{t('web.guests.template.short')}</div>}
        </>
      }
      side={
        <>
          <div>{t('web.guests.profile.of', { name: profile })}</div>
          <div>{t.count('web.guests.template.portals', x.portals)}</div>
        </>
      }
    >
      {children}
    </Line>
  )
}

function Delete({ template, close }: { template: Template; close: () => void }) {
  const { t } = useText()
  const client = useQueryClient()
  return (
    <Confirm
      title={t('web.guests.delete.ask', { name: template.name })}
      action={t('web.guests.delete')}
      waiting={t('web.waiting')}
      danger
      close={close}
      act={async () => {
        await api.delete('/api/v1/templates/{template}', { path: { template: template.id } })
        await readPortals(client)
        close()
      }}
    >
      {t('web.guests.template.delete.text')}
    </Confirm>
  )
}
