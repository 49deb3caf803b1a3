import { Checkbox } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Empty } from '../look/States.tsx'
import { Page } from '../settings/kit/Page.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { clean } from './AccountFilters.tsx'
import { Several } from './Decisions.tsx'
import classes from './Guests.module.css'
import { siteDecisionsQuery } from './queries.ts'
import { SearchField } from './SearchField.tsx'
import { macOf } from './states.ts'

type Search = { mac?: string; refused?: string }

/** For staff who are asked by somebody whose account nobody knows: what each device was shown, and why. */
export function DecisionsPage() {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as Search
  const set = (change: Search) =>
    navigate({ to: '.', search: clean({ ...search, ...change }) as never, replace: true })
  return (
    <Page
      title={t('web.guests.decisions')}
      intro={
        <>
          {t('web.guests.decisions.text')}{' '}
          <Link to="/sites/$site/guests/authentications" params={{ site: site.id }}>
            {t('web.guests.decisions.back')}
          </Link>
        </>
      }
    >
      <div className={classes.fieldset}>
        <SearchField
          label={t('web.guests.decisions.search')}
          description={t('web.guests.decisions.search.text')}
          value={search.mac ?? ''}
          onChange={(mac) => set({ mac })}
        />
        <Checkbox
          label={t('web.guests.decisions.refused')}
          checked={Boolean(search.refused)}
          onChange={(e) => set({ refused: e.currentTarget.checked ? 'yes' : '' })}
        />
      </div>
      {search.mac && !macOf(search.mac) ? (
        <Empty icon="search" title={t('web.guests.decisions.unclear')} />
      ) : (
        <Found search={search} />
      )}
    </Page>
  )
}

function Found({ search }: { search: Search }) {
  const { t } = useText()
  const site = useSite()
  const mac = macOf(search.mac ?? '')
  const narrowed = mac || search.refused
  const query = useInfiniteQuery(siteDecisionsQuery(site.id, { ...(mac && { mac }), refused: Boolean(search.refused) }))
  const none = t(narrowed ? 'web.guests.decisions.nonehere' : 'web.guests.decisions.none')
  return <Several query={query} none={<Empty icon="live" title={none} />} linked />
}
