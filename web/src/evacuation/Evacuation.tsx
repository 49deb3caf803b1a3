import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import type { Me } from '../api/types.ts'
import { Failed, Waiting } from '../look/States.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { useTitle } from '../useTitle.ts'
import classes from './Evacuation.module.css'
import { EveryoneHere } from './EveryoneHere.tsx'
import { OneRollCall } from './OneRollCall.tsx'
import { useContrast } from './useContrast.ts'
import { useBox, useGoing, useSending, useShown } from './useEvacuation.ts'

/** Everyone who may be in the building; while a roll call goes on, the roll call. */
export function Evacuation() {
  const { me } = useMe()
  return me && <Page me={me} />
}

function Page({ me }: { me: Me }) {
  const { t } = useText()
  const site = useSite()
  useTitle(t('web.nav.evacuation'), site.name)
  useContrast()
  const box = useBox(me)
  useSending(box)
  const { shown, kept, error, again } = useShown(box)
  const going = useGoing(shown, box)
  useReportAfter(shown?.call?.roll_call.id, going === null)

  if (!shown) {
    return (
      <div className={classes.page}>
        <h1>{t('web.evacuation.title')}</h1>
        {error ? <Failed error={error} again={again} /> : <Waiting>{t('web.loading')}</Waiting>}
      </div>
    )
  }
  if (going) return <OneRollCall going={going} readAt={shown.readAt} ahead={shown.ahead} kept={kept} box={box} />
  return <EveryoneHere shown={shown} kept={kept} box={box} />
}

/** Who was in a roll call that somebody else ended sees what came of it. */
function useReportAfter(open: string | undefined, over: boolean): void {
  const site = useSite()
  const navigate = useNavigate()
  const last = useRef<string | undefined>(undefined)
  useEffect(() => {
    if (open) last.current = open
    else if (over && last.current) {
      const rollcall = last.current
      last.current = undefined
      void navigate({ to: '/sites/$site/evacuation/$rollcall', params: { site: site.id, rollcall } })
    }
  }, [open, over, navigate, site.id])
}
