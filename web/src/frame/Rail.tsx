import { Menu, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { sitesQuery } from '../api/queries.ts'
import { usePhone } from '../board/usePhone.ts'
import { useDialog } from '../dialog/Dialogs.tsx'
import { Icon } from '../look/Icon.tsx'
import mark from '../look/mark.svg'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useMe } from '../useMe.ts'
import classes from './Frame.module.css'
import { SiteSwitch } from './SiteSwitch.tsx'
import { inBar, type Part, type Section, useSections } from './sections.ts'

/** Where one can go: at the left side, as icons on a small screen, at the bottom of a phone. */
export function Rail() {
  const { t } = useText()
  const phone = usePhone()
  return (
    <nav className={classes.rail} aria-label={t('web.nav')}>
      {phone ? <Bar /> : <Side />}
    </nav>
  )
}

function Side() {
  const sections = useSections()
  const here = useHere()
  return (
    <>
      <div className={classes.brand}>
        <img src={mark} alt="" width={28} height={28} />
        <span className={classes.word}>Foyer</span>
      </div>
      <SiteSwitch />
      {sections.map((s) => (
        <div key={s.base} className={classes.group}>
          <Entry section={s} active={here === s.base} />
          {here === s.base && s.parts.length > 0 && (
            <div className={classes.parts}>
              {s.parts.map((p) => (
                <PartLink key={p.to} part={p} />
              ))}
            </div>
          )}
        </div>
      ))}
    </>
  )
}

/** The parts of the section one is in, where the rail has no room for them. */
export function PartStrip() {
  const { t } = useText()
  const here = useHere()
  const section = useSections().find((s) => s.base === here)
  const strip = useRef<HTMLElement>(null)
  const path = useLocation({ select: (l) => l.pathname })
  // On a phone the part one is in may be out of sight.
  useEffect(() => {
    strip.current?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [path])
  if (!section || section.parts.length < 2) return null
  return (
    <nav ref={strip} className={classes.strip} aria-label={t(section.label)}>
      {section.parts.map((p) => (
        <PartLink key={p.to} part={p} />
      ))}
    </nav>
  )
}

function Bar() {
  const { t } = useText()
  const { can } = useMe()
  const site = useSite()
  const open = useDialog()
  const here = useHere()
  const sections = useSections()
  const { data = [] } = useQuery(sitesQuery)
  const sites = data.filter((s) => !s.archived_at && s.id !== site.id)
  const { shown, rest } = inBar(sections, can('visits.write'), sites.length > 0)
  const [first, ...others] = shown
  return (
    <>
      {first && <Entry section={first} active={here === first.base} />}
      {can('visits.write') && (
        <UnstyledButton
          className={classes.section}
          onClick={() => open({ kind: 'new', walkIn: can('visits.checkin') })}
        >
          <Icon name="plus" />
          <span>{t('web.nav.new')}</span>
        </UnstyledButton>
      )}
      {others.map((s) => (
        <Entry key={s.base} section={s} active={here === s.base} />
      ))}
      {(rest.length > 0 || sites.length > 0) && (
        <Menu position="top-end" width={240}>
          <Menu.Target>
            <UnstyledButton className={classes.section} data-active={rest.some((s) => s.base === here) || undefined}>
              <Icon name="more" />
              <span>{t('web.nav.more')}</span>
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown mah="70dvh" style={{ overflowY: 'auto' }}>
            {rest.map((s) => (
              <Menu.Item
                key={s.base}
                leftSection={<Icon name={s.icon} size={18} />}
                renderRoot={(props) => <Link to={s.to} params={{ site: site.id, tab: 'on-site' }} {...props} />}
              >
                {t(s.label)}
              </Menu.Item>
            ))}
            {sites.length > 0 && (
              <>
                {rest.length > 0 && <Menu.Divider />}
                <Menu.Label>{t('web.nav.sites')}</Menu.Label>
                {sites.map((other) => (
                  <Menu.Item
                    key={other.id}
                    leftSection={<Icon name="building" size={18} />}
                    renderRoot={(props) => <Link to="/sites/$site" params={{ site: other.id }} {...props} />}
                  >
                    {other.name}
                  </Menu.Item>
                ))}
              </>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  )
}

function Entry({ section, active }: { section: Section; active: boolean }) {
  const { t } = useText()
  const site = useSite()
  return (
    <Link
      to={section.to}
      params={{ site: site.id, tab: 'on-site' }}
      className={classes.section}
      data-active={active || undefined}
      title={t(section.label)}
    >
      <Icon name={section.icon} />
      <span>{t(section.label)}</span>
    </Link>
  )
}

function PartLink({ part }: { part: Part }) {
  const { t } = useText()
  const site = useSite()
  return (
    <Link to={part.to} params={{ site: site.id }} className={classes.part} activeProps={{ 'data-active': true }}>
      {t(part.label)}
    </Link>
  )
}

/** The section one is in: what follows the site in the address. */
function useHere(): string {
  return useLocation({ select: (l) => l.pathname.split('/')[3] ?? '' })
}
