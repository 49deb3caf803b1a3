import type { components } from '../../api/schema.ts'
import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'

/** Who did something: oneself, their name, or what they are. */
export function useBy(): (by: components['schemas']['Actor'] | undefined) => string {
  const { t } = useText()
  const { me } = useMe()
  return (by) => {
    if (!by) return '–'
    if (me && by.kind === me.kind && by.id === me.id) return t('web.audit.by.you')
    const kind = t(`web.audit.by.${by.kind}`)
    return by.name ? `${by.name} (${kind})` : kind
  }
}
