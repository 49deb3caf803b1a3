import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'

/** Who did something, as far as this caller may know: the API speaks of user:…, timer and so on. */
export function useActor(): (actor: string) => string {
  const { t } = useText()
  const { me } = useMe()
  return (actor) => {
    if (me && actor === `${me.kind}:${me.id}`) return t('web.actor.you')
    const kind = actor.split(':')[0] ?? ''
    return t.known(`web.actor.${kind}`, t('web.actor.other'))
  }
}
