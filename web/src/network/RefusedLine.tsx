import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import type { NAS } from '../api/types.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Line } from '../settings/kit/Lines.tsx'
import { useWhen } from '../settings/kit/useWhen.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import classes from './Network.module.css'
import { NASDialog } from './NASForm.tsx'
import type { Group } from './refused.ts'

/** Refusals of one cause: what happened, how often, and what helps. */
export function RefusedLine({ group: g, nas }: { group: Group; nas: NAS | undefined }) {
  const { t } = useText()
  const when = useWhen()
  const values = { nas: g.nas || t('web.ending.nas') }
  const times = g.times > 1 ? t.count('web.refused.times', g.times) : ''
  const since = g.times > 1 && g.first !== g.last ? t('web.refused.first', { at: when(g.first) }) : ''
  return (
    <Line
      icon="cancelled"
      title={g.username || g.nas || t('web.refused.nobody')}
      note={
        <>
          <div>{t.known(`web.refused.${g.reason}`, g.reason, values)}</div>
          <div className={classes.remedy}>{t.known(`web.remedy.${g.reason}`, '', values)}</div>
          <Remedy group={g} nas={nas} />
        </>
      }
      side={
        <>
          <div>{[when(g.last), times].filter(Boolean).join(' · ')}</div>
          {since && <div>{since}</div>}
          <div>{[g.username && g.nas, ...g.macs.slice(0, 3)].filter(Boolean).join(' · ')}</div>
          {g.macs.length > 3 && <div>{t.count('web.refused.moredevices', g.macs.length - 3)}</div>}
        </>
      }
    />
  )
}

/** What can be done about it from here. */
function Remedy({ group: g, nas }: { group: Group; nas: NAS | undefined }) {
  const { t } = useText()
  const { can } = useMe()
  const [open, setOpen] = useState(false)
  const close = () => setOpen(false)
  if (g.visitID) {
    return (
      <Button
        variant="default"
        className={classes.act}
        renderRoot={(props) => <Link to="/visits/$visit" params={{ visit: g.visitID ?? '' }} {...props} />}
      >
        {t('web.refused.visit')}
      </Button>
    )
  }
  if (!nas || !can('nases.write')) return null
  if (g.reason === 'no_message_authenticator' && nas.message_authenticator !== 'allow_none') {
    return (
      <>
        <Button variant="default" className={classes.act} onClick={() => setOpen(true)}>
          {t('web.refused.allow')}
        </Button>
        {open && <Allow nas={nas} close={close} />}
      </>
    )
  }
  if (g.reason === 'wrong_secret_suspected') {
    return (
      <>
        <Button variant="default" className={classes.act} onClick={() => setOpen(true)}>
          {t('web.refused.secret')}
        </Button>
        {open && <NASDialog nas={nas} close={close} made={close} />}
      </>
    )
  }
  return null
}

/** Requests without a signature are let through for one access point, by who knows what that means. */
function Allow({ nas, close }: { nas: NAS; close: () => void }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  return (
    <Confirm
      title={t('web.refused.allow.ask', { name: nas.name })}
      action={t('web.refused.allow.do')}
      waiting={t('web.waiting')}
      danger
      close={close}
      act={async () => {
        const path = { site: site.id, nas: nas.id }
        await api.patch('/api/v1/sites/{site}/nases/{nas}', { path, body: { message_authenticator: 'allow_none' } })
        await client.invalidateQueries({ queryKey: ['nases', site.id] })
        close()
      }}
    >
      {t('web.refused.allow.text')}
    </Confirm>
  )
}
