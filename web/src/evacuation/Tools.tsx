import { Button } from '@mantine/core'
import { Icon } from '../look/Icon.tsx'
import { useText } from '../text/useText.tsx'
import { useContrast } from './useContrast.ts'

/** What every page about evacuations can do: print, save as a table, switch the contrast. */
export function Tools({ csv }: { csv?: string }) {
  const { t } = useText()
  const { high, setHigh } = useContrast()
  return (
    <>
      <Button size="lg" variant="default" leftSection={<Icon name="print" />} onClick={() => window.print()}>
        {t('web.evacuation.print')}
      </Button>
      {csv && (
        <Button size="lg" variant="default" leftSection={<Icon name="table" />} component="a" href={csv} download>
          {t('web.evacuation.csv')}
        </Button>
      )}
      <Button
        size="lg"
        variant="default"
        leftSection={<Icon name={high ? 'done' : 'contrast'} />}
        aria-pressed={high}
        onClick={() => setHigh(!high)}
      >
        {t('web.evacuation.contrast')}
      </Button>
    </>
  )
}
