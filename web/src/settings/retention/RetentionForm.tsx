import { NativeSelect, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { useToast } from '../../look/Toasts.tsx'
import { useSite } from '../../site.tsx'
import { useText } from '../../text/useText.tsx'
import { Form } from '../kit/Form.tsx'
import { Part } from '../kit/Page.tsx'
import classes from '../kit/Page.module.css'
import { useForm } from '../kit/useForm.ts'
import { type Retention, retentionQuery } from './queries.ts'

const spans = ['visit_days', 'session_days', 'refused_days', 'account_days'] as const
const bounds = { visit_days: [4, 3650], session_days: [1, 730], refused_days: [1, 90], account_days: [1, 3650] } as const

/** A profile, and what a site says otherwise; an empty field is the profile's. */
export function RetentionForm({ retention: r }: { retention: Retention }) {
  const { t, language } = useText()
  const site = useSite()
  const client = useQueryClient()
  const toast = useToast()
  const countries = new Intl.DisplayNames([language], { type: 'region' })
  const own = (name: (typeof spans)[number]) => (r.set[name] === undefined ? '' : String(r.set[name]))
  const form = useForm(
    {
      profile: r.set.profile || 'default',
      visit_days: own('visit_days'),
      session_days: own('session_days'),
      refused_days: own('refused_days'),
      account_days: own('account_days'),
    },
    async (f) => {
      const days = Object.fromEntries(spans.flatMap((n) => (f[n] === '' ? [] : [[n, Number(f[n])]])))
      const body = { profile: f.profile, ...days }
      const changed = await api.put('/api/v1/sites/{site}/retention', { path: { site: site.id }, body })
      client.setQueryData(retentionQuery(site.id).queryKey, changed)
      toast({ text: t('web.settings.saved') })
    },
    (f) =>
      Object.fromEntries(
        spans.map((n) => {
          const [least, most] = bounds[n]
          const days = Number(f[n])
          const good = f[n] === '' || (Number.isInteger(days) && days >= least && days <= most)
          return [n, good ? undefined : t('web.retention.fault', { least, most })]
        }),
      ),
  )
  const { value, set, fault } = form
  const name = (p: string) => {
    if (p === 'default') return t('web.retention.default')
    return (p === 'UK' ? countries.of('GB') : countries.of(p)) ?? p
  }
  return (
    <Part title={t('web.retention.title', { site: site.name })} text={t('web.retention.text')}>
      <dl className={classes.facts}>
        {spans.map((n) => (
          <Effective key={n} label={t(`web.retention.${n}`)} days={t.count('web.retention.days', r.effective[n])} />
        ))}
      </dl>
      <Form form={form} shown={['profile', ...spans]}>
        <div className={classes.pair}>
          <NativeSelect
            label={t('web.retention.profile')}
            description={t('web.retention.profile.text')}
            value={value.profile}
            onChange={(e) => set({ profile: e.currentTarget.value })}
            data={r.profiles.map((p) => ({ value: p, label: name(p) }))}
            error={fault('profile')}
          />
          {spans.map((n) => (
            <TextInput
              key={n}
              type="number"
              label={t(`web.retention.${n}`)}
              description={t('web.retention.empty')}
              value={value[n]}
              onChange={(e) => set({ [n]: e.currentTarget.value })}
              error={fault(n)}
            />
          ))}
        </div>
      </Form>
    </Part>
  )
}

function Effective({ label, days }: { label: string; days: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{days}</dd>
    </>
  )
}
