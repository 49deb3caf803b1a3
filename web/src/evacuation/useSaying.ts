import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { near, span } from '../time.ts'
import { useMe } from '../useMe.ts'
import { type Actor, useActor } from '../visit/actor.ts'
import type { Said } from './types.ts'

/** Times and people in words. */
export function useSaying() {
  const { t, language } = useText()
  const site = useSite()
  const actor = useActor()
  const { me } = useMe()
  const at = (instant: string, now: number) => near(instant, now, site.timezone, language)
  // By name, one's own too: it is read out to others, and printed.
  const named = (by: string, name?: string | null) => {
    const [kind = 'system', id = ''] = by.split(':')
    if (me && kind === me.kind && id === me.id && me.name) return me.name
    return actor({ kind: kind as Actor['kind'], id, name: name ?? null })
  }
  const who = (m: { marked_by: string; name?: string }) => named(m.marked_by, m.name)
  return {
    at,
    named,
    /** "4 min ago" */
    ago(instant: string, now: number): string {
      const { hours, minutes } = span(now - Date.parse(instant))
      if (hours >= 48) return at(instant, now)
      if (hours > 0) return t('web.evacuation.ago.hours', { count: hours })
      return minutes > 0 ? t('web.evacuation.ago.minutes', { count: minutes }) : t('web.evacuation.ago.now')
    },
    /** "Safe: Anna, 14:05" */
    voice: (m: Said, now: number) => `${t(`web.evacuation.mark.${m.mark}`)}: ${who(m)}, ${at(m.marked_at, now)}`,
    /** "Anna, 14:05" */
    byWhom: (m: Said, now: number) => `${who(m)}, ${at(m.marked_at, now)}`,
  }
}
