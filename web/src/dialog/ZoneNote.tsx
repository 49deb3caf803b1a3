import { Text } from '@mantine/core'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { zoneDiffers, zoneName } from '../time.ts'

/** Which clock is meant, where this device's is another than the site's. */
export function ZoneNote() {
  const { t } = useText()
  const site = useSite()
  const now = Date.now()
  if (!zoneDiffers(site.timezone, now)) return null
  return (
    <Text size="sm" c="dimmed">
      {t('web.zone', { site: site.name, zone: zoneName(site.timezone, now) })}
    </Text>
  )
}
