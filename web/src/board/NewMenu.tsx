import { Button, Menu } from '@mantine/core'
import { useDialog } from '../dialog/Dialogs.tsx'
import { Icon } from '../look/Icon.tsx'
import { useText } from '../text/useText.tsx'
import classes from './Board.module.css'

/** The usual new visit, and beside it the ways to several. */
export function NewMenu({ create }: { create: () => void }) {
  const { t } = useText()
  return (
    <Button.Group className={classes.create}>
      <Button leftSection={<Icon name="plus" size={18} />} onClick={create}>
        {t('web.nav.new')}
      </Button>
      <Menu width={230}>
        <Menu.Target>
          <Button className={classes.ways} px={8} aria-label={t('web.new.ways')}>
            <Icon name="down" size={18} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item rightSection={<kbd className={classes.kbd}>n</kbd>} onClick={create}>
            {t('web.new.one')}
          </Menu.Item>
          <WaysToSeveral />
        </Menu.Dropdown>
      </Menu>
    </Button.Group>
  )
}

/** Of a menu: more than one day, or more than one visitor. */
export function WaysToSeveral() {
  const { t } = useText()
  const open = useDialog()
  return (
    <>
      <Menu.Item onClick={() => open({ kind: 'new', walkIn: false, days: true })}>{t('web.new.days')}</Menu.Item>
      <Menu.Item onClick={() => open({ kind: 'group' })}>{t('web.new.group')}</Menu.Item>
      <Menu.Item onClick={() => open({ kind: 'import' })}>{t('web.new.import')}</Menu.Item>
    </>
  )
}
