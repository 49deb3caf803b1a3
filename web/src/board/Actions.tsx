import { ActionIcon, Button, Menu } from '@mantine/core'
import { useState } from 'react'
import type { Visit } from '../api/types.ts'
import { Icon } from '../look/Icon.tsx'
import { nameOf } from '../person.ts'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import { type Action, mainAction, moreActions, secondAction } from './actions.ts'
import classes from './Board.module.css'
import { useActions } from './useActions.ts'

type Props = { visit: Visit; reachable: boolean; onOpen?: () => void; overdue?: boolean }

/** The one thing to do with a visit, and a menu of the others. */
export function Actions({ visit, reachable, onOpen, overdue = true }: Props) {
  const { t } = useText()
  const { can } = useMe()
  const act = useActions()
  const [busy, setBusy] = useState(false)
  const tabIndex = reachable ? 0 : -1
  const main = mainAction(visit, can)
  const more = moreActions(visit, can, Date.now())
  const second = overdue ? secondAction(more) : null
  const start = async (action: Action) => {
    setBusy(true)
    await act(action, visit)
    setBusy(false)
  }
  return (
    <>
      {main ? (
        <Button
          size="xs"
          fz="sm"
          variant={main === 'checkIn' ? 'filled' : 'default'}
          loading={busy}
          tabIndex={tabIndex}
          onClick={() => start(main)}
          aria-label={`${t(`web.action.${main}`)}: ${nameOf(visit)}`}
        >
          {t(`web.action.${main}`)}
        </Button>
      ) : (
        onOpen && <span className="dimmed">–</span>
      )}
      {second && (
        <Button
          className={classes.second}
          size="xs"
          fz="sm"
          variant="default"
          tabIndex={tabIndex}
          onClick={() => start(second)}
          aria-label={`${t(`web.action.${second}`)}: ${nameOf(visit)}`}
        >
          {t(`web.action.${second}`)}
        </Button>
      )}
      {(more.length > 0 || onOpen) && (
        <Menu>
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              tabIndex={tabIndex}
              aria-label={t('web.action.more', { name: nameOf(visit) })}
            >
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {onOpen && <Menu.Item onClick={onOpen}>{t('web.action.open')}</Menu.Item>}
            {more.map((action) => (
              <Menu.Item key={action} color={action === 'cancel' ? 'red.9' : undefined} onClick={() => start(action)}>
                {t(`web.action.${action}`)}
              </Menu.Item>
            ))}
            {onOpen && main && <Menu.Item onClick={() => start(main)}>{t(`web.action.${main}`)}</Menu.Item>}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  )
}
