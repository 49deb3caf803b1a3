import type { components } from '../api/schema.ts'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'

export type Actor = components['schemas']['Actor']

/** Who did something: by name where there is one, else what they are. */
export function useActor(): (by: Actor) => string {
  const { t } = useText()
  const { me } = useMe()
  return (by) => {
    if (me && by.kind === me.kind && by.id === me.id) return t('web.actor.you')
    if (by.name) return by.kind === 'agent' || by.kind === 'kiosk' ? t(`web.actor.${by.kind}.named`, { name: by.name }) : by.name
    if (by.kind === 'system') return t(by.id === 'timer' ? 'web.actor.timer' : 'web.actor.system')
    return t(`web.actor.${by.kind}`)
  }
}
