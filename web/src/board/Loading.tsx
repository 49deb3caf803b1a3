import { Skeleton } from '@mantine/core'
import { useLater } from '../look/States.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Board.module.css'

const rows = [180, 140, 210, 160, 190]

/** The shape of what comes, once it takes long enough to notice. */
export function Loading() {
  const { t } = useText()
  const late = useLater(300)
  return (
    <div className={classes.loading} role="status">
      <span className="sr">{t('web.loading')}</span>
      {late &&
        rows.map((width) => (
          <div key={width} className={classes.ghost} aria-hidden="true">
            <Skeleton height={14} width={width} />
            <Skeleton height={14} width={width / 2} />
          </div>
        ))}
    </div>
  )
}
