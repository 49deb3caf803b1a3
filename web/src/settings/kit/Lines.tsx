import { ActionIcon, Menu } from '@mantine/core'
import type { ReactNode } from 'react'
import { Icon, type IconName } from '../../look/Icon.tsx'
import { Loaded } from '../../page.tsx'
import { useText } from '../../text/useText.tsx'
import classes from './Page.module.css'

type Query<T> = { data: T[] | undefined; error: unknown; refetch: () => void }

/** A list, with what it says while it is empty, awaited or not to be had. */
export function Lines<T>({ query, empty, children }: { query: Query<T>; empty: string; children: (item: T) => ReactNode }) {
  return (
    <Loaded query={query}>
      {(list) =>
        list.length > 0 ? <ul className={classes.lines}>{list.map(children)}</ul> : <p className="dimmed">{empty}</p>
      }
    </Loaded>
  )
}

type LineProps = {
  icon: IconName
  tone?: 'good' | 'warn' | 'bad'
  title: ReactNode
  note?: ReactNode
  side?: ReactNode
  children?: ReactNode
}

/** One thing of a list; its children are what can be done with it. */
export function Line({ icon, tone, title, note, side, children }: LineProps) {
  return (
    <li className={classes.line} data-tone={tone}>
      <Icon name={icon} />
      <div className={classes.main}>
        <div className={classes.name}>{title}</div>
        {note && <div className={classes.note}>{note}</div>}
      </div>
      <div className={`${classes.side} ${classes.note}`}>{side}</div>
      <div className={classes.actions}>{children}</div>
    </li>
  )
}

export type Item = { label: string; run: () => void; bad?: boolean }

/** What else can be done with something. */
export function More({ name, items }: { name: string; items: (Item | false)[] }) {
  const { t } = useText()
  const shown = items.filter((i) => i !== false)
  if (shown.length === 0) return null
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="xl" aria-label={t('web.action.more', { name })}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {shown.map((i) => (
          <Menu.Item key={i.label} color={i.bad ? 'red.9' : undefined} onClick={i.run}>
            {i.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
