import type { LinkProps } from '@tanstack/react-router'
import type { IconName } from '../look/Icon.tsx'
import type { Key } from '../text/text.ts'
import { useMe } from '../useMe.ts'

type To = NonNullable<LinkProps['to']>

/** A page below a section. */
export type Part = {
  label: Key
  to: To
  /** Whoever has one of these permissions sees it. */
  needs: string[]
}

/** An entry of the rail. One with parts leads to the first of them. */
export type Section = Part & {
  /** The first part of its addresses below the site. */
  base: string
  icon: IconName
  parts: Part[]
}

const sections: Section[] = [
  {
    base: 'board',
    icon: 'board',
    label: 'web.nav.board',
    to: '/sites/$site/board/$tab',
    needs: ['visits.read'],
    parts: [],
  },
  {
    base: 'evacuation',
    icon: 'evacuation',
    label: 'web.nav.evacuation',
    to: '/sites/$site/evacuation',
    needs: ['evacuation.read'],
    parts: [],
  },
  {
    base: 'guests',
    icon: 'guests',
    label: 'web.nav.guests',
    to: '/sites/$site/guests/accounts',
    needs: [],
    parts: [
      { label: 'web.nav.accounts', to: '/sites/$site/guests/accounts', needs: ['accounts.read'] },
      { label: 'web.nav.authentications', to: '/sites/$site/guests/authentications', needs: ['authentications.read'] },
      { label: 'web.nav.profiles', to: '/sites/$site/guests/profiles', needs: ['profiles.read'] },
      { label: 'web.nav.templates', to: '/sites/$site/guests/templates', needs: ['portals.read'] },
      { label: 'web.nav.portals', to: '/sites/$site/guests/portals', needs: ['portals.read'] },
    ],
  },
  {
    base: 'rolls',
    icon: 'ticket',
    label: 'web.nav.rolls',
    to: '/sites/$site/rolls/zones',
    needs: [],
    parts: [
      { label: 'web.rolls.zones', to: '/sites/$site/rolls/zones', needs: ['rolls.read'] },
      { label: 'web.rolls.active', to: '/sites/$site/rolls/active', needs: ['rolls.read'] },
      { label: 'web.rolls.test', to: '/sites/$site/rolls/test', needs: ['rolls.test'] },
      { label: 'web.rolls.expire', to: '/sites/$site/rolls/expire', needs: ['rolls.expire'] },
    ],
  },
  {
    base: 'network',
    icon: 'network',
    label: 'web.nav.network',
    to: '/sites/$site/network/agents',
    needs: [],
    parts: [
      { label: 'web.network.agents', to: '/sites/$site/network/agents', needs: ['agents.read'] },
      { label: 'web.network.nases', to: '/sites/$site/network/access-points', needs: ['nases.read'] },
      { label: 'web.network.refused', to: '/sites/$site/network/refused', needs: ['nases.read'] },
      { label: 'web.network.terminations', to: '/sites/$site/network/terminations', needs: ['visits.terminate'] },
    ],
  },
  {
    base: 'settings',
    icon: 'settings',
    label: 'web.nav.settings',
    to: '/sites/$site/settings/site',
    needs: [],
    parts: [
      { label: 'web.nav.site', to: '/sites/$site/settings/site', needs: ['sites.write', 'kiosks.read'] },
      { label: 'web.nav.people', to: '/sites/$site/settings/people', needs: ['users.read', 'tokens.read'] },
      { label: 'web.nav.mail', to: '/sites/$site/settings/mail', needs: ['sites.write'] },
      { label: 'web.nav.crm', to: '/sites/$site/settings/crm', needs: ['crm.read'] },
      { label: 'web.nav.webhooks', to: '/sites/$site/settings/webhooks', needs: ['webhooks.read'] },
      {
        label: 'web.nav.retention',
        to: '/sites/$site/settings/retention',
        needs: ['sites.write', 'people.erase', 'lawful.read'],
      },
      { label: 'web.nav.audit', to: '/sites/$site/settings/audit', needs: ['audit.read'] },
    ],
  },
]

/** The sections that somebody has, with those of their parts that they have. */
export function sectionsFor(can: (permission: string) => boolean, all = sections): Section[] {
  const may = (p: Part) => p.needs.some(can)
  return all.flatMap((s) => {
    if (s.parts.length === 0) return may(s) ? [s] : []
    const parts = s.parts.filter(may)
    return parts[0] ? [{ ...s, to: parts[0].to, parts }] : []
  })
}

export const useSections = (): Section[] => sectionsFor(useMe().can)

const barMost = 4

/** What a phone's bar has room for, beside the button for a new visit, and what "More" opens. */
export function inBar(sections: Section[], makes: boolean, sites: boolean): { shown: Section[]; rest: Section[] } {
  const room = barMost - (makes ? 1 : 0)
  const more = sites || sections.length > room
  const shown = sections.slice(0, more ? room - 1 : room)
  return { shown, rest: sections.slice(shown.length) }
}
