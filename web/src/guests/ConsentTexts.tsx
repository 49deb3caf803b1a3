import { Button, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { Confirm } from '../dialog/Confirm.tsx'
import { Loaded } from '../page.tsx'
import { FormDialog } from '../settings/kit/Form.tsx'
import { Line, More } from '../settings/kit/Lines.tsx'
import page from '../settings/kit/Page.module.css'
import { Part } from '../settings/kit/Page.tsx'
import { useForm } from '../settings/kit/useForm.ts'
import { useText } from '../text/useText.tsx'
import classes from './Guests.module.css'
import { LanguageTexts } from './LanguageTexts.tsx'
import { type Consent, consentsQuery, oldConsentQuery, readPortals, type Template } from './queries.ts'
import type { Texts } from './template.ts'
import { useDates } from './useDates.ts'
import { useDeploymentWide } from './useDeploymentWide.ts'

const kinds = ['terms', 'privacy', 'marketing'] as const
type Kind = (typeof kinds)[number]
type Open = { what: 'write' | 'end'; kind: Kind } | null

const isText = (c: Consent | undefined) => Boolean(c && Object.keys(c.texts).length > 0)

/** What guests agree to; each change is a new version, which they are asked about again. */
export function ConsentTexts({ template }: { template: Template }) {
  const { t } = useText()
  const consents = useQuery(consentsQuery(template.id))
  return (
    <Part title={t('web.guests.consents')} text={t('web.guests.consents.text')}>
      <Loaded query={consents}>{(list) => <Kinds template={template} list={list} />}</Loaded>
    </Part>
  )
}

function Kinds({ template, list }: { template: Template; list: Consent[] }) {
  const { t } = useText()
  const may = useDeploymentWide('portals.write')
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const of = (kind: Kind) => list.find((c) => c.kind === kind)
  const write = (kind: Kind) => t(isText(of(kind)) ? 'web.guests.consents.newversion' : 'web.guests.consents.write')
  return (
    <>
      <ul className={`${page.lines} ${classes.consents}`}>
        {kinds.map((kind) => (
          <KindLine key={kind} template={template} kind={kind} now={of(kind)}>
            {may && (
              <>
                <Button
                  variant="default"
                  aria-label={`${write(kind)}: ${t(`web.guests.consent.${kind}`)}`}
                  onClick={() => setOpen({ what: 'write', kind })}
                >
                  {write(kind)}
                </Button>
                <More
                  name={t(`web.guests.consent.${kind}`)}
                  items={[
                    isText(of(kind)) && {
                      label: t('web.guests.consents.end'),
                      bad: true,
                      run: () => setOpen({ what: 'end', kind }),
                    },
                  ]}
                />
              </>
            )}
          </KindLine>
        ))}
      </ul>
      {open?.what === 'write' && <Write template={template} kind={open.kind} before={of(open.kind)} close={close} />}
      {open?.what === 'end' && <End template={template} kind={open.kind} close={close} />}
    </>
  )
}

type LineProps = { template: Template; kind: Kind; now: Consent | undefined; children: React.ReactNode }

function KindLine({ template, kind, now, children }: LineProps) {
  const { t, language } = useText()
  const { at } = useDates()
  const names = new Intl.DisplayNames(language, { type: 'language' })
  const written = now && Object.keys(now.texts).map((l) => names.of(l) ?? l)
  const older = isText(now) ? (now?.version ?? 0) - 1 : (now?.version ?? 0)
  return (
    <Line
      icon={isText(now) ? 'done' : 'absent'}
      tone={isText(now) ? 'good' : undefined}
      title={t(`web.guests.consent.${kind}`)}
      note={
        <>
          <div>
            {now && isText(now)
              ? t('web.guests.consents.version', {
                  version: now.version,
                  at: now.made_at ? at(now.made_at) : '',
                  languages: written?.join(', ') ?? '',
                })
              : t('web.guests.consents.notasked')}
          </div>
          <div>{t(`web.guests.consent.${kind}.text`)}</div>
          {older > 0 && <Older template={template} kind={kind} count={older} />}
        </>
      }
    >
      {children}
    </Line>
  )
}

/** The versions before; people agreed to them. */
function Older({ template, kind, count }: { template: Template; kind: Kind; count: number }) {
  const { t } = useText()
  const [open, setOpen] = useState(false)
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{t.count('web.guests.consents.older', count)}</summary>
      {open && (
        <ul className={classes.versions}>
          {Array.from({ length: count }, (_, i) => (
            <Old key={i} template={template} kind={kind} version={count - i} />
          ))}
        </ul>
      )}
    </details>
  )
}

function Old({ template, kind, version }: { template: Template; kind: Kind; version: number }) {
  const { t, language } = useText()
  const { at } = useDates()
  const query = useQuery(oldConsentQuery(template.id, kind, version))
  return (
    <li>
      <Loaded query={query}>
        {(c) => (
          <>
            <strong>{t('web.guests.consents.was', { version, at: c.made_at ? at(c.made_at) : '' })}</strong>
            <p>{c.texts[language] ?? Object.values(c.texts)[0] ?? t('web.guests.consents.notasked')}</p>
          </>
        )}
      </Loaded>
    </li>
  )
}

type Props = { template: Template; kind: Kind; close: () => void }

function Write({ template, kind, before, close }: Props & { before: Consent | undefined }) {
  const { t } = useText()
  const client = useQueryClient()
  const form = useForm<{ texts: Texts }>(
    { texts: { ...before?.texts } },
    async ({ texts }) => {
      const body = { texts: Object.fromEntries(Object.entries(texts).filter(([, text]) => text?.trim())) as Record<string, string> }
      await api.put('/api/v1/templates/{template}/consents/{kind}', { path: { template: template.id, kind }, body })
      await readPortals(client)
      close()
    },
    ({ texts }) => ({
      texts: Object.values(texts).some((text) => text?.trim()) ? undefined : t('web.guests.fault.consent'),
    }),
  )
  return (
    <FormDialog title={t(`web.guests.consent.${kind}`)} form={form} shown={['texts']} close={close}>
      <Text>{t(before ? 'web.guests.consents.asks' : `web.guests.consent.${kind}.text`)}</Text>
      <LanguageTexts
        label={t(`web.guests.consent.${kind}`)}
        parts={[{ name: 'texts', label: t('web.guests.consents.words'), rows: 8, error: form.fault('texts') }]}
        values={form.value}
        onChange={form.set}
      />
    </FormDialog>
  )
}

function End({ template, kind, close }: Props) {
  const { t } = useText()
  const client = useQueryClient()
  return (
    <Confirm
      title={t('web.guests.consents.end.ask', { what: t(`web.guests.consent.${kind}`) })}
      action={t('web.guests.consents.end')}
      waiting={t('web.waiting')}
      danger
      close={close}
      act={async () => {
        const path = { template: template.id, kind }
        await api.put('/api/v1/templates/{template}/consents/{kind}', { path, body: { texts: {} } })
        await readPortals(client)
        close()
      }}
    >
      {t('web.guests.consents.end.text')}
    </Confirm>
  )
}
