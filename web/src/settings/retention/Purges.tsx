import { useQuery } from '@tanstack/react-query'
import { useText } from '../../text/useText.tsx'
import { Line, Lines } from '../kit/Lines.tsx'
import { Part } from '../kit/Page.tsx'
import { useWhen } from '../kit/useWhen.ts'
import { deleted } from './deleted.ts'
import { purgesQuery } from './queries.ts'

/** What each night's purge deleted, as the record proves. */
export function Purges() {
  const { t } = useText()
  const when = useWhen()
  const purges = useQuery(purgesQuery)
  return (
    <Part title={t('web.purges.title')} text={t('web.purges.text')}>
      <Lines query={purges} empty={t('web.purges.none')}>
        {(p) => {
          const { classes, skipped } = deleted(p.body ?? {})
          return (
            <Line
              key={p.seq}
              icon={skipped ? 'clock' : 'done'}
              tone={skipped ? undefined : 'good'}
              title={when(p.at)}
              note={
                classes.length === 0
                  ? t('web.purges.nothing')
                  : classes.map(([name, n]) => `${t.known(`web.purges.class.${name}`, name)}: ${n}`).join(' · ')
              }
              side={skipped ? t('web.purges.skipped', { tables: skipped }) : undefined}
            />
          )
        }}
      </Lines>
    </Part>
  )
}
