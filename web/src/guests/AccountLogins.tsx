import { Link } from '@tanstack/react-router'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import visit from '../visit/Visit.module.css'
import classes from './Guests.module.css'
import { GreenMark } from './Mark.tsx'
import type { AccountDetail, Authentication } from './queries.ts'
import { TimeLeft } from './TimeLeft.tsx'
import { useDates } from './useDates.ts'

const shownMost = 5

/** The account's latest authentications. */
export function AccountLogins({ detail: { account: a, authentications: list } }: { detail: AccountDetail }) {
  const { t } = useText()
  const site = useSite()
  const { can } = useMe()
  if (!can('authentications.read')) return null
  return (
    <section className={visit.section} aria-labelledby="account-logins">
      <h2 id="account-logins">{t('web.nav.authentications')}</h2>
      {list.length === 0 ? (
        <p className={visit.note}>{t('web.guests.logins.none')}</p>
      ) : (
        <ul className={visit.list}>
          {list.slice(0, shownMost).map((x) => (
            <Login key={x.id} authentication={x} />
          ))}
        </ul>
      )}
      {list.length > shownMost && (
        <p>
          <Link
            to="/sites/$site/guests/authentications"
            params={{ site: site.id }}
            search={{ account: a.id, all: 'yes' } as never}
          >
            {t('web.guests.logins.all')}
          </Link>
        </p>
      )}
    </section>
  )
}

function Login({ authentication: x }: { authentication: Authentication }) {
  const { t } = useText()
  const site = useSite()
  const { at } = useDates()
  return (
    <li>
      <div className={classes.marks}>
        <GreenMark authentication={x} />
        <Link
          to="/sites/$site/guests/authentications/$authentication"
          params={{ site: site.id, authentication: x.id }}
        >
          {at(x.started_at)}
        </Link>
        <span>{t(`web.guests.status.${x.status}`)}</span>
      </div>
      <div className={visit.note}>
        <TimeLeft authentication={x} /> · {[x.mac, x.portal_name].filter(Boolean).join(' · ')}
      </div>
    </li>
  )
}
