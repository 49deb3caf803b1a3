import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { api } from '../api/client.ts'
import { useToast } from '../look/Toasts.tsx'
import { Loaded } from '../page.tsx'
import { Form } from '../settings/kit/Form.tsx'
import { Page } from '../settings/kit/Page.tsx'
import { useForm } from '../settings/kit/useForm.ts'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { ConsentTexts } from './ConsentTexts.tsx'
import classes from './Guests.module.css'

import { LookPart } from './LookPart.tsx'
import { MethodsPart } from './MethodsPart.tsx'
import { Preview } from './Preview.tsx'
import { type Profile, profilesQuery, readPortals, type Template, templatesQuery } from './queries.ts'
import { RulesPart } from './RulesPart.tsx'
import { blankTemplate, type Fields, fieldsOf, request, templateFaults } from './template.ts'
import { AgainPart, TimesPart } from './TimesPart.tsx'
import { useDeploymentWide } from './useDeploymentWide.ts'

const fresh = 'new'

/** One template: what its portals do and show, and what guests agree to there. */
export function TemplatePage() {
  const { t } = useText()
  const site = useSite()
  const { template: id = '' } = useParams({ strict: false })
  const templates = useQuery(templatesQuery)
  const profiles = useQuery(profilesQuery)
  const template = templates.data?.find((x) => x.id === id)
  return (
    <Page
      title={template?.name ?? t('web.guests.template.add')}
      intro={
        <Link to="/sites/$site/guests/templates" params={{ site: site.id }}>
          {t('web.guests.templates.back')}
        </Link>
      }
    >
      <Loaded query={templates}>
        {() => (
          <Loaded query={profiles}>
            {(list) =>
              template || id === fresh ? (
                <One key={id} template={template} profiles={list} />
              ) : (
                <p>{t('web.problem.template_not_found')}</p>
              )
            }
          </Loaded>
        )}
      </Loaded>
    </Page>
  )
}

const shown = [...Object.keys(blankTemplate('')).filter((name) => name !== 'look'), 'look.accent']

function One({ template, profiles }: { template: Template | undefined; profiles: Profile[] }) {
  const { t } = useText()
  const site = useSite()
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const may = useDeploymentWide('portals.write')
  const [made, setMade] = useState<string | null>(null)
  const form = useForm<Fields>(
    template ? fieldsOf(template) : blankTemplate(profiles[0]?.id ?? ''),
    async (f) => {
      const body = request(f)
      const saved = template
        ? await api.patch('/api/v1/templates/{template}', { path: { template: template.id }, body })
        : await api.post('/api/v1/templates', { body })
      await readPortals(client)
      toast({ text: t('web.guests.template.saved', { name: saved.name }) })
      if (!template) setMade(saved.id)
    },
    (f) => templateFaults(f, profiles, t),
  )
  // Once nothing is unsaved any more, which whoever leaves would be asked about.
  const go = made !== null && !form.dirty
  useEffect(() => {
    if (!go) return
    navigate({ to: '/sites/$site/guests/templates/$template', params: { site: site.id, template: made }, replace: true })
  }, [go, made, navigate, site.id])
  return (
    <>
      <Form form={form} shown={shown} action={template ? undefined : t('web.guests.template.make')}>
        <fieldset disabled={!may} className={classes.parts}>
          <TimesPart form={form} profiles={profiles} />
          <MethodsPart form={form} profiles={profiles} />
          <AgainPart form={form} />
          <RulesPart form={form} />
          <LookPart form={form} />
        </fieldset>
      </Form>
      {template && (
        <>
          <ConsentTexts template={template} />
          <Preview template={template} />
        </>
      )}
    </>
  )
}
