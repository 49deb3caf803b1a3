import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { useToast } from '../look/Toasts.tsx'
import { More } from '../settings/kit/Lines.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import visit from '../visit/Visit.module.css'
import { AccountForm } from './AccountForm.tsx'
import { type Made, MadeAccount } from './MadeAccount.tsx'
import { type Account, readGuests } from './queries.ts'
import { accountName } from './states.ts'

type Asked = 'change' | 'block' | 'unblock' | 'password' | 'erase'
const questions = ['block', 'unblock', 'password', 'erase'] as const

/** What can be done with an account; what others notice is asked first. */
export function AccountActions({ account: a, gone }: { account: Account; gone: () => void }) {
  const { t } = useText()
  const { can } = useMe()
  const [asked, setAsked] = useState<Asked | Made | null>(null)
  const close = () => setAsked(null)
  if (a.lifecycle === 'erased') return null
  const turn = a.blocked_at ? 'unblock' : 'block'
  const question = questions.find((q) => q === asked)
  return (
    <div className={visit.headactions}>
      {can('accounts.write') && (
        <Button
          variant="default"
          color={a.blocked_at ? undefined : 'red.9'}
          onClick={() => setAsked(turn)}
        >
          {t(`web.guests.do.${turn}`)}
        </Button>
      )}
      <More
        name={accountName(a)}
        items={[
          can('accounts.write') && { label: t('web.settings.change'), run: () => setAsked('change') },
          can('accounts.write') && { label: t('web.guests.do.password'), run: () => setAsked('password') },
          can('people.erase') && { label: t('web.person.export'), run: () => location.assign(`/api/v1/people/${a.id}/export`) },
          can('people.erase') && { label: t('web.guests.do.erase'), bad: true, run: () => setAsked('erase') },
        ]}
      />
      {asked === 'change' && <AccountForm account={a} close={close} />}
      {question && <Question account={a} what={question} close={close} made={setAsked} gone={gone} />}
      {asked && typeof asked === 'object' && <MadeAccount made={asked} close={close} />}
    </div>
  )
}

type Props = {
  account: Account
  what: (typeof questions)[number]
  close: () => void
  made: (m: Made) => void
  gone: () => void
}

function Question({ account: a, what, close, made, gone }: Props) {
  const { t } = useText()
  const client = useQueryClient()
  const toast = useToast()
  const name = accountName(a)
  const path = { account: a.id }
  const turn = async (done: Promise<unknown>) => {
    await done
    close()
    toast({ text: t(`web.guests.do.${what as 'block' | 'unblock'}.done`, { name }) })
  }
  const acts: Record<typeof what, () => Promise<void>> = {
    block: () => turn(api.post('/api/v1/accounts/{account}/block', { path })),
    unblock: () => turn(api.post('/api/v1/accounts/{account}/unblock', { path })),
    password: async () => made(await api.post('/api/v1/accounts/{account}/password', { path })),
    erase: async () => {
      await api.delete('/api/v1/people/{person}', { path: { person: a.id } })
      toast({ text: t('web.person.erased') })
      gone()
    },
  }
  return (
    <Confirm
      title={t(`web.guests.do.${what}.ask`, { name })}
      action={t(`web.guests.do.${what}`)}
      waiting={t('web.waiting')}
      danger={what === 'block' || what === 'erase'}
      close={close}
      act={async () => {
        await acts[what]()
        await readGuests(client)
      }}
    >
      {t(`web.guests.do.${what}.text`)}
    </Confirm>
  )
}
