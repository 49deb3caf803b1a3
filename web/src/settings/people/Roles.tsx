import { useQuery } from '@tanstack/react-query'
import { Loaded } from '../../page.tsx'
import { useText } from '../../text/useText.tsx'
import { Part } from '../kit/Page.tsx'
import classes from './People.module.css'
import { permissionGroups } from './permissions.ts'
import { rolesQuery } from './queries.ts'

/** What each role is for, and what it allows. */
export function Roles() {
  const { t } = useText()
  const roles = useQuery(rolesQuery)
  return (
    <Part title={t('web.roles.title')} text={t('web.roles.text')}>
      <Loaded query={roles}>
        {(list) => (
          <div className={classes.roles}>
            {list.map((r) => (
              <details key={r.name} className={classes.role}>
                <summary>
                  <strong>{t.known(`web.role.${r.name}`, r.name)}</strong>
                  <span className="dimmed"> {t.known(`web.role.${r.name}.text`, r.description)}</span>
                </summary>
                <dl className={classes.permissions}>
                  {permissionGroups(r.permissions).map(([group, permissions]) => (
                    <div key={group}>
                      <dt>{t.known(`web.permissions.${group}`, group)}</dt>
                      {permissions.map((p) => (
                        <dd key={p}>{t.known(`web.permission.${p}`, p)}</dd>
                      ))}
                    </div>
                  ))}
                </dl>
              </details>
            ))}
          </div>
        )}
      </Loaded>
    </Part>
  )
}
