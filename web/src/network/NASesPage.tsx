import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { nasesQuery } from '../api/queries.ts'
import type { NAS } from '../api/types.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Icon } from '../look/Icon.tsx'
import { Line, Lines, More } from '../settings/kit/Lines.tsx'
import { Page, Part } from '../settings/kit/Page.tsx'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { driverOf } from './drivers.ts'
import { NASDialog } from './NASForm.tsx'
import { TestDialog } from './Test.tsx'

type Open = { what: 'add' } | { what: 'change' | 'remove' | 'test'; nas: NAS } | null

/** Access points, controllers and firewalls: who may ask the site's agents. */
export function NASesPage() {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  const nases = useQuery({ ...nasesQuery(site.id), refetchInterval: 10_000 })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const may = can('nases.write')
  return (
    <Page title={t('web.network.nases')} intro={t('web.network.nases.text')}>
      <Part
        title={t('web.network.nases.here')}
        action={
          may && (
            <Button
              variant="default"
              leftSection={<Icon name="plus" size={16} />}
              onClick={() => setOpen({ what: 'add' })}
            >
              {t('web.nas.add')}
            </Button>
          )
        }
      >
        <Lines query={nases} empty={t('web.network.nases.none')}>
          {(n) => (
            <NASLine key={n.id} nas={n}>
              {may && (
                <>
                  <Button variant="default" onClick={() => setOpen({ what: 'test', nas: n })}>
                    {t('web.nas.test')}
                  </Button>
                  <More
                    name={n.name}
                    items={[
                      { label: t('web.settings.change'), run: () => setOpen({ what: 'change', nas: n }) },
                      { label: t('web.settings.remove'), bad: true, run: () => setOpen({ what: 'remove', nas: n }) },
                    ]}
                  />
                </>
              )}
            </NASLine>
          )}
        </Lines>
      </Part>
      {open?.what === 'add' && <NASDialog close={close} made={(nas) => setOpen({ what: 'test', nas })} />}
      {open?.what === 'change' && <NASDialog nas={open.nas} close={close} made={close} />}
      {open?.what === 'remove' && <Remove nas={open.nas} close={close} />}
      {open?.what === 'test' && <TestDialog nas={open.nas} close={close} />}
    </Page>
  )
}

function NASLine({ nas: n, children }: { nas: NAS; children: React.ReactNode }) {
  const { t } = useText()
  const when = useWhen()
  const driver = driverOf(n.driver)
  const proven = n.disconnect_confirmed_at
  return (
    <Line
      icon={proven ? 'done' : 'clock'}
      tone={proven ? 'good' : undefined}
      title={n.name}
      note={
        <>
          <div>
            {n.source} · {driver ? t(driver.label) : n.driver}
          </div>
          {n.message_authenticator !== 'require' && (
            <div>{t(`web.nas.policy.${n.message_authenticator}.short`)}</div>
          )}
        </>
      }
      side={
        <>
          <div>{proven ? t('web.nas.confirmed', { at: when(proven) }) : t('web.nas.unconfirmed')}</div>
          <div>
            {n.accounting_seen_at ? t('web.nas.accounting', { at: when(n.accounting_seen_at) }) : t('web.nas.noaccounting')}
          </div>
          {n.session_seconds > 0 && (
            <div>{t('web.nas.renews', { minutes: Math.round(n.session_seconds / 6) / 10 })}</div>
          )}
        </>
      }
    >
      {children}
    </Line>
  )
}

function Remove({ nas, close }: { nas: NAS; close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  return (
    <Confirm
      title={t('web.nas.remove.ask', { name: nas.name })}
      action={t('web.settings.remove')}
      waiting={t('web.waiting')}
      danger
      close={close}
      act={async () => {
        await api.delete('/api/v1/sites/{site}/nases/{nas}', { path: { site: site.id, nas: nas.id } })
        await client.invalidateQueries({ queryKey: ['nases', site.id] })
        close()
      }}
    >
      {t('web.nas.remove.text')}
    </Confirm>
  )
}
