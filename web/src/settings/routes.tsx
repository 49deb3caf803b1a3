import { useQuery } from '@tanstack/react-query'
import { createRoute, Navigate } from '@tanstack/react-router'
import { sitesQuery } from '../api/queries.ts'
import { Alone, Loaded, page } from '../page.tsx'
import { inside, site } from '../parents.tsx'
import { stored } from '../stored.ts'

const settings = createRoute({ getParentRoute: () => site, path: '/settings' })

const own = createRoute({
  getParentRoute: () => settings,
  path: '/site',
  component: page(async () => (await import('./site/SitePage.tsx')).SitePage, 'sites.write', 'kiosks.read'),
})

const people = createRoute({
  getParentRoute: () => settings,
  path: '/people',
  component: page(async () => (await import('./people/PeoplePage.tsx')).PeoplePage, 'users.read', 'tokens.read'),
})

const mail = createRoute({
  getParentRoute: () => settings,
  path: '/mail',
  component: page(async () => (await import('./mail/MailPage.tsx')).MailPage, 'sites.write'),
})

const crm = createRoute({
  getParentRoute: () => settings,
  path: '/crm',
  component: page(async () => (await import('./crm/CRMPage.tsx')).CRMPage, 'crm.read'),
})

const webhooks = createRoute({
  getParentRoute: () => settings,
  path: '/webhooks',
  component: page(async () => (await import('./webhooks/WebhooksPage.tsx')).WebhooksPage, 'webhooks.read'),
})

const webhook = createRoute({
  getParentRoute: () => settings,
  path: '/webhooks/$webhook',
  component: page(async () => (await import('./webhooks/WebhookPage.tsx')).WebhookPage, 'webhooks.read'),
})

const retention = createRoute({
  getParentRoute: () => settings,
  path: '/retention',
  component: page(
    async () => (await import('./retention/RetentionPage.tsx')).RetentionPage,
    'sites.write',
    'people.erase',
    'lawful.read',
  ),
})

const audit = createRoute({
  getParentRoute: () => settings,
  path: '/audit',
  component: page(async () => (await import('./audit/AuditPage.tsx')).AuditPage, 'audit.read'),
})

export const settingsRoutes = [
  settings.addChildren([own, people, mail, crm, webhooks, webhook, retention, audit]),
] as const

const anyWebhooks = createRoute({ getParentRoute: () => inside, path: '/settings/webhooks', component: AnyWebhooks })

/** The address in mails about a webhook, which may be of several sites. */
function AnyWebhooks() {
  const sites = useQuery(sitesQuery)
  const found = sites.data?.find((s) => s.id === stored.get('site')) ?? sites.data?.[0]
  if (found) return <Navigate to="/sites/$site/settings/webhooks" params={{ site: found.id }} replace />
  return (
    <Alone>
      <Loaded query={sites}>{() => null}</Loaded>
    </Alone>
  )
}

export const mailedRoutes = [anyWebhooks] as const
