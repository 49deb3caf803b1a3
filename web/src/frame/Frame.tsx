import { Outlet } from '@tanstack/react-router'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { Banners } from './Banners.tsx'
import classes from './Frame.module.css'
import { LiveMark } from './LiveMark.tsx'
import { PartStrip, Rail } from './Rail.tsx'
import { Search } from './Search.tsx'
import { UserMenu } from './UserMenu.tsx'

/** What is around every page: where one can go, search, whether this is live, who one is. */
export function Frame() {
  const { t } = useText()
  const { can } = useMe()
  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#main">
        {t('web.skip')}
      </a>
      <Rail />
      <header className={classes.top}>
        {can('visits.read') ? (
          <>
            <Search />
            <LiveMark />
          </>
        ) : (
          <span className={classes.gap} />
        )}
        <UserMenu />
      </header>
      <main id="main" className={classes.main} tabIndex={-1}>
        <Banners />
        <PartStrip />
        <Outlet />
      </main>
    </div>
  )
}
