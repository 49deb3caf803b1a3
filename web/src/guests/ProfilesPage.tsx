import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Icon } from '../look/Icon.tsx'
import { Empty } from '../look/States.tsx'
import { Loaded } from '../page.tsx'
import { Line, Lines, More } from '../settings/kit/Lines.tsx'
import { Page, Part } from '../settings/kit/Page.tsx'
import { useText } from '../text/useText.tsx'
import { ProfileForm } from './ProfileForm.tsx'
import { type Profile, profilesQuery, readPortals, templatesQuery } from './queries.ts'
import { useDeploymentWide } from './useDeploymentWide.ts'
import { useValidity } from './useValidity.ts'

type Open = { what: 'add' } | { what: 'change' | 'delete'; profile: Profile } | null

/** How long accounts are good; the same for all sites. */
export function ProfilesPage() {
  const { t } = useText()
  const may = useDeploymentWide('profiles.write')
  const profiles = useQuery(profilesQuery)
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const add = may && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen({ what: 'add' })}>
      {t('web.guests.profile.add')}
    </Button>
  )
  return (
    <Page title={t('web.nav.profiles')} intro={t('web.guests.profiles.text')}>
      <Loaded query={profiles}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon="clock" title={t('web.guests.profiles.none')}>
              {add}
            </Empty>
          ) : (
            <Part title={t('web.guests.allsites')} action={add}>
              <Lines query={profiles} empty="">
                {(p) => (
                  <ProfileLine key={p.id} profile={p}>
                    {may && (
                      <More
                        name={p.name}
                        items={[
                          { label: t('web.settings.change'), run: () => setOpen({ what: 'change', profile: p }) },
                          { label: t('web.guests.delete'), bad: true, run: () => setOpen({ what: 'delete', profile: p }) },
                        ]}
                      />
                    )}
                  </ProfileLine>
                )}
              </Lines>
            </Part>
          )
        }
      </Loaded>
      {open?.what === 'add' && <ProfileForm close={close} />}
      {open?.what === 'change' && <ProfileForm profile={open.profile} close={close} />}
      {open?.what === 'delete' && <Delete profile={open.profile} close={close} />}
    </Page>
  )
}

function ProfileLine({ profile: p, children }: { profile: Profile; children: React.ReactNode }) {
  const { t } = useText()
  const validity = useValidity()
  const { data: templates } = useQuery(templatesQuery)
  const users = templates?.filter((x) => x.profile_id === p.id || Object.values(x.profiles).includes(p.id))
  return (
    <Line
      icon="clock"
      title={p.name}
      note={
        <>
          <div>{validity(p.validity)}</div>
          <div>{p.devices > 0 ? t.count('web.guests.devices.limit', p.devices) : t('web.guests.devices.nolimit')}</div>
        </>
      }
      side={
        <>
          {'accounts' in p && <div>{t.count('web.guests.profile.accounts', p.accounts)}</div>}
          {users && users.length > 0 && <div>{t('web.guests.profile.templates', { names: users.map((x) => x.name).join(', ') })}</div>}
        </>
      }
    >
      {children}
    </Line>
  )
}

function Delete({ profile, close }: { profile: Profile; close: () => void }) {
  const { t } = useText()
  const client = useQueryClient()
  return (
    <Confirm
      title={t('web.guests.delete.ask', { name: profile.name })}
      action={t('web.guests.delete')}
      waiting={t('web.waiting')}
      danger
      close={close}
      act={async () => {
        await api.delete('/api/v1/profiles/{profile}', { path: { profile: profile.id } })
        await readPortals(client)
        close()
      }}
    >
      {t('web.guests.profile.delete.text')}
    </Confirm>
  )
}
