import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import type { Tab } from '../api/types.ts'
import { Icon } from '../look/Icon.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import classes from './Board.module.css'
import { NewMenu, WaysToSeveral } from './NewMenu.tsx'
import { usePhone } from './usePhone.ts'
import { manyOf, type Selection } from './useSelection.ts'

type Props = { tab: Tab; selection: Selection; print: () => void; create: () => void }

/** What is done with a whole list: behind one button where there is no room for three. */
export function Tools(props: Props) {
  const phone = usePhone()
  return <div className={classes.tools}>{phone ? <Folded {...props} /> : <Spread {...props} />}</div>
}

function Spread({ tab, selection, print, create }: Props) {
  const { t } = useText()
  const { can } = useMe()
  return (
    <>
      {manyOf(tab, can) && (
        <Tool
          icon="select"
          name={t('web.many.select')}
          pressed={selection.on}
          run={selection.on ? selection.end : selection.begin}
        />
      )}
      <Tool icon="print" name={t('web.print')} run={print} />
      {can('visits.write') && <NewMenu create={create} />}
    </>
  )
}

/** A single new visit is in the bar at the bottom. */
function Folded({ tab, selection, print }: Props) {
  const { t } = useText()
  const { can } = useMe()
  return (
    <Menu width={230} position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="xl" aria-label={t('web.tab.more')}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {manyOf(tab, can) && !selection.on && (
          <Menu.Item leftSection={<Icon name="select" size={18} />} onClick={selection.begin}>
            {t('web.many.select')}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<Icon name="print" size={18} />} onClick={print}>
          {t('web.print')}
        </Menu.Item>
        {can('visits.write') && (
          <>
            <Menu.Divider />
            <Menu.Label>{t('web.new.ways')}</Menu.Label>
            <WaysToSeveral />
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}

function Tool(props: { icon: 'select' | 'print'; name: string; pressed?: boolean; run: () => void }) {
  return (
    <Tooltip label={props.name}>
      <ActionIcon
        variant={props.pressed ? 'light' : 'subtle'}
        color={props.pressed ? undefined : 'gray'}
        size="lg"
        aria-label={props.name}
        aria-pressed={props.pressed}
        onClick={props.run}
      >
        <Icon name={props.icon} />
      </ActionIcon>
    </Tooltip>
  )
}
