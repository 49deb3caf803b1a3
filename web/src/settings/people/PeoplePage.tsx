import { useText } from '../../text/useText.tsx'
import { useMe } from '../../useMe.ts'
import { Page } from '../kit/Page.tsx'
import { Roles } from './Roles.tsx'
import { Tokens } from './Tokens.tsx'
import { Users } from './Users.tsx'

/** Who works with this, what their roles allow, and which programs may call the API. */
export function PeoplePage() {
  const { t } = useText()
  const { can } = useMe()
  return (
    <Page title={t('web.nav.people')}>
      {can('users.read') && <Users />}
      <Roles />
      {can('tokens.read') && <Tokens />}
    </Page>
  )
}
