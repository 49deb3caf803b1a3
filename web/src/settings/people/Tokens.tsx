import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { Confirm } from '../../dialog/Confirm.tsx'
import { Icon } from '../../look/Icon.tsx'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Line, Lines, More } from '../kit/Lines.tsx'
import { Once } from '../kit/Once.tsx'
import { Part } from '../kit/Page.tsx'
import { useReach } from '../kit/SitesField.tsx'
import { useWhen } from '../kit/useWhen.ts'
import { type Token, tokensQuery } from './queries.ts'
import { TokenDialog } from './TokenDialog.tsx'

/** The programs that may call the API. */
export function Tokens() {
  const { t } = useText()
  const { can } = useMe()
  const client = useQueryClient()
  const when = useWhen()
  const reach = useReach()
  const tokens = useQuery(tokensQuery)
  const [adding, setAdding] = useState(false)
  const [made, setMade] = useState<{ token: Token; secret: string } | null>(null)
  const [revoking, setRevoking] = useState<Token | null>(null)
  const again = () => client.invalidateQueries({ queryKey: tokensQuery.queryKey })
  const writes = can('tokens.write')
  const over = (x: Token) => Boolean(x.revoked_at) || (x.expires_at ? Date.parse(x.expires_at) <= Date.now() : false)
  const until = (x: Token) => {
    if (x.revoked_at) return t('web.tokens.revoked', { at: when(x.revoked_at) })
    if (!x.expires_at) return t('web.tokens.endless')
    return t(over(x) ? 'web.tokens.expired' : 'web.tokens.until', { at: when(x.expires_at) })
  }
  return (
    <Part
      title={t('web.tokens.title')}
      text={t('web.tokens.text')}
      action={
        writes && (
          <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
            {t('web.tokens.add')}
          </Button>
        )
      }
    >
      <Lines query={tokens} empty={t('web.tokens.none')}>
        {(x) => (
          <Line
            key={x.id}
            icon={over(x) ? 'absent' : 'key'}
            title={x.name}
            note={
              <>
                {t.count('web.tokens.permissions', x.permissions.length)} · {reach(x)}
              </>
            }
            side={
              <>
                <div>{until(x)}</div>
                {!over(x) && (
                  <div>{x.last_used_at ? t('web.tokens.used', { at: when(x.last_used_at) }) : t('web.tokens.unused')}</div>
                )}
              </>
            }
          >
            {writes && !over(x) && (
              <More name={x.name} items={[{ label: t('web.tokens.revoke'), bad: true, run: () => setRevoking(x) }]} />
            )}
          </Line>
        )}
      </Lines>
      {adding && (
        <TokenDialog
          close={() => setAdding(false)}
          done={(m) => {
            setAdding(false)
            setMade(m)
            void again()
          }}
        />
      )}
      {made && (
        <Once
          title={t('web.tokens.made', { name: made.token.name })}
          label={t('web.tokens.secret')}
          value={made.secret}
          text={t('web.tokens.once')}
          close={() => setMade(null)}
        />
      )}
      {revoking && (
        <Confirm
          title={t('web.tokens.revoke.ask', { name: revoking.name })}
          action={t('web.tokens.revoke')}
          waiting={t('web.waiting')}
          danger
          close={() => setRevoking(null)}
          act={async () => {
            await api.delete('/api/v1/tokens/{token}', { path: { token: revoking.id } })
            await again()
            setRevoking(null)
          }}
        >
          {t('web.tokens.revoke.text')}
        </Confirm>
      )}
    </Part>
  )
}
