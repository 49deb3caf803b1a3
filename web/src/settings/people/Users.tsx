import { Button } from '@mantine/core'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { Icon } from '../../look/Icon.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Line, Lines, More } from '../kit/Lines.tsx'
import { Part } from '../kit/Page.tsx'
import { useReach } from '../kit/SitesField.tsx'
import { useQuick } from '../kit/useQuick.ts'
import { useWhen } from '../kit/useWhen.ts'
import { type User, usersQuery } from './queries.ts'
import { UserDialog } from './UserDialog.tsx'

type Ending = 'disable' | 'erase' | 'factor' | 'logins'
type Open = { kind: 'add' } | { kind: 'change'; user: User } | { kind: Ending; user: User } | null

/** Everybody who signs in here. */
export function Users() {
  const { t } = useText()
  const { me, can } = useMe()
  const client = useQueryClient()
  const quick = useQuick()
  const query = useInfiniteQuery(usersQuery)
  const [open, setOpen] = useState<Open>(null)
  const again = () => client.invalidateQueries({ queryKey: usersQuery.queryKey })
  const list = { ...query, data: query.data?.pages.flatMap((p) => p.items) }
  const writes = can('users.write')
  const enable = async (u: User) => {
    await api.patch('/api/v1/users/{user}', { path: { user: u.id }, body: { disabled: false } })
    await again()
  }
  return (
    <Part
      title={t('web.users.title')}
      text={t('web.users.text')}
      action={
        writes && (
          <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen({ kind: 'add' })}>
            {t('web.users.add')}
          </Button>
        )
      }
    >
      <Lines query={list} empty={t('web.users.none')}>
        {(u) => (
          <UserLine key={u.id} user={u}>
            {writes && u.email && (
              <More
                name={u.name || u.email}
                items={[
                  { label: t('web.settings.change'), run: () => setOpen({ kind: 'change', user: u }) },
                  u.second_factor && { label: t('web.users.factor'), run: () => setOpen({ kind: 'factor', user: u }) },
                  !u.disabled_at && { label: t('web.users.logins'), run: () => setOpen({ kind: 'logins', user: u }) },
                  Boolean(u.disabled_at) && { label: t('web.users.enable'), run: () => quick(() => enable(u)) },
                  !u.disabled_at &&
                    u.id !== me?.id && {
                      label: t('web.users.disable'),
                      bad: true,
                      run: () => setOpen({ kind: 'disable', user: u }),
                    },
                  u.id !== me?.id && {
                    label: t('web.users.erase'),
                    bad: true,
                    run: () => setOpen({ kind: 'erase', user: u }),
                  },
                ]}
              />
            )}
          </UserLine>
        )}
      </Lines>
      {query.hasNextPage && (
        <div>
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t('web.settings.older')}
          </Button>
        </div>
      )}
      {open?.kind === 'add' && <UserDialog close={() => setOpen(null)} done={again} />}
      {open?.kind === 'change' && <UserDialog user={open.user} close={() => setOpen(null)} done={again} />}
      {open && open.kind !== 'add' && open.kind !== 'change' && (
        <End what={open.kind} user={open.user} close={() => setOpen(null)} done={again} />
      )}
    </Part>
  )
}

function UserLine({ user: u, children }: { user: User; children: React.ReactNode }) {
  const { t } = useText()
  const { me } = useMe()
  const when = useWhen()
  const reach = useReach()
  const state = stateOf(u, Date.now())
  return (
    <Line
      icon={state === 'active' ? 'user' : state === 'invited' ? 'mail' : state === 'locked' ? 'warn' : 'absent'}
      tone={state === 'locked' ? 'warn' : undefined}
      title={
        <>
          {u.name || u.email || t('web.users.erased')}
          {u.id === me?.id && <span className="dimmed"> ({t('web.users.you')})</span>}
        </>
      }
      note={
        <>
          {u.name && u.email && <div>{u.email}</div>}
          <div>
            {t.known(`web.role.${u.role}`, u.role)} · {reach(u)}
          </div>
        </>
      }
      side={
        <>
          <div>
            {state === 'active'
              ? u.last_login_at
                ? t('web.users.seen', { at: when(u.last_login_at) })
                : t('web.users.never')
              : t(`web.users.state.${state}`, { at: when(u.locked_until ?? u.disabled_at) })}
          </div>
          {u.second_factor && <div>{t('web.users.second')}</div>}
        </>
      }
    >
      {children}
    </Line>
  )
}

/** What matters about a user first. */
export function stateOf(u: User, now: number): 'disabled' | 'locked' | 'invited' | 'active' {
  if (u.disabled_at) return 'disabled'
  if (u.locked_until && Date.parse(u.locked_until) > now) return 'locked'
  return u.has_password || u.sign_on || u.last_login_at ? 'active' : 'invited'
}

function End({ what, user: u, close, done }: { what: Ending; user: User; close: () => void; done: () => Promise<void> }) {
  const { t } = useText()
  const path = { user: u.id }
  const act = {
    disable: () => api.delete('/api/v1/users/{user}', { path }),
    erase: () => api.post('/api/v1/users/{user}/erase', { path }),
    factor: () => api.delete('/api/v1/users/{user}/totp', { path }),
    logins: () => api.delete('/api/v1/users/{user}/logins', { path }),
  }[what]
  return (
    <Confirm
      title={t(`web.users.${what}.ask`, { name: u.name || u.email })}
      action={t(`web.users.${what}`)}
      waiting={t('web.waiting')}
      danger={what !== 'logins'}
      close={close}
      act={async () => {
        await act()
        await done()
        close()
      }}
    >
      {t(`web.users.${what}.text`)}
    </Confirm>
  )
}
