import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { agentsQuery, nasesQuery, sitesQuery, visitQuery } from '../api/queries.ts'
import type { Site } from '../api/types.ts'
import { UserMenu } from '../frame/UserMenu.tsx'
import { LiveProvider } from '../live/LiveProvider.tsx'
import { Icon } from '../look/Icon.tsx'
import mark from '../look/mark.svg'
import { Loaded } from '../page.tsx'
import { SiteContext, useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useTitle } from '../useTitle.ts'
import { AgentStep } from './AgentStep.tsx'
import { LoginStep } from './LoginStep.tsx'
import { NASStep } from './NASStep.tsx'
import { NetworkStep } from './NetworkStep.tsx'
import { testVisitQuery } from './queries.ts'
import classes from './Setup.module.css'
import { SiteStep } from './SiteStep.tsx'
import { currentStep, type Facts, isDone, type Step, steps } from './steps.ts'

/** Leads from an empty deployment to the first login that was accepted. */
export function Setup() {
  const { t } = useText()
  const wanted = useSearch({ from: '/inside/setup' }).site
  useTitle(t('web.setup'))
  const sites = useQuery(sitesQuery)
  const open = sites.data?.filter((s) => !s.archived_at) ?? []
  const site = open.find((s) => s.id === wanted) ?? open[0]
  return (
    <main className={classes.page}>
      <header className={classes.head}>
        <img src={mark} alt="" width={32} height={32} />
        <h1>{t('web.setup')}</h1>
        <UserMenu />
      </header>
      <p className="dimmed">{t('web.setup.text')}</p>
      <Loaded query={sites}>
        {() =>
          site ? (
            <SiteContext.Provider value={site}>
              <LiveProvider key={site.id} site={site.id}>
                <OfSite site={site} />
              </LiveProvider>
            </SiteContext.Provider>
          ) : (
            <Steps facts={{ site: undefined, agents: [], nases: [], accepted: false }} />
          )
        }
      </Loaded>
    </main>
  )
}

function OfSite({ site }: { site: Site }) {
  const agents = useQuery({ ...agentsQuery(site.id), refetchInterval: 2000 })
  const nases = useQuery({ ...nasesQuery(site.id), refetchInterval: 5000 })
  const test = useQuery(testVisitQuery(site.id))
  const visit = useQuery({ ...visitQuery(test.data?.id ?? ''), enabled: Boolean(test.data), refetchInterval: 2000 })
  return (
    <Loaded query={agents}>
      {(a) => (
        <Loaded query={nases}>
          {(n) => (
            <Loaded query={test}>
              {() => (
                <Steps
                  facts={{ site, agents: a, nases: n, accepted: (visit.data?.sessions.length ?? 0) > 0 }}
                  site={site}
                />
              )}
            </Loaded>
          )}
        </Loaded>
      )}
    </Loaded>
  )
}

function Steps({ facts, site }: { facts: Facts; site?: Site }) {
  const { t } = useText()
  const [skipped, setSkipped] = useState<ReadonlySet<Step>>(new Set())
  const [held, hold] = useState<Step | null>(null)
  const at = currentStep(facts, skipped, held)
  const skip = () => {
    if (at) setSkipped(new Set([...skipped, at]))
    hold(null)
  }
  return (
    <>
      <ol className={classes.steps}>
        {steps.map((s, i) => {
          const state = s === at ? 'current' : isDone(s, facts) ? 'done' : skipped.has(s) ? 'skipped' : 'open'
          return (
            <li key={s} className={classes.step} data-state={state} aria-current={s === at ? 'step' : undefined}>
              <span className={classes.number} aria-hidden="true">
                {state === 'done' ? <Icon name="done" size={18} /> : i + 1}
              </span>
              <div className={classes.body}>
                <h2>
                  {t(`web.setup.${s}`)}
                  {state === 'done' && <span className="sr"> ({t('web.setup.done')})</span>}
                  {state === 'skipped' && <span className={classes.skipped}> {t('web.setup.skipped')}</span>}
                </h2>
                {s === at && (
                  <>
                    <p className="dimmed">{t(`web.setup.${s}.text`)}</p>
                    <Body step={s} hold={hold} />
                    {s !== 'site' && held === null && (
                      <Button variant="subtle" color="gray" className={classes.skip} onClick={skip}>
                        {t('web.setup.skip')}
                      </Button>
                    )}
                  </>
                )}
              </div>
            </li>
          )
        })}
      </ol>
      {at === null && <Finished complete={steps.every((s) => isDone(s, facts))} />}
      {at !== null && site && (
        <p>
          <Link to="/sites/$site" params={{ site: site.id }}>
            {t('web.setup.later')}
          </Link>
        </p>
      )}
    </>
  )
}

function Body({ step, hold }: { step: Step; hold: (step: Step | null) => void }): ReactNode {
  switch (step) {
    case 'site':
      return <SiteStep />
    case 'network':
      return <NetworkStep />
    case 'agent':
      return <AgentStep />
    case 'nas':
      return <NASStep hold={hold} />
    case 'login':
      return <LoginStep hold={hold} />
  }
}

/** Nothing is left to do, or all that is left was skipped. */
function Finished({ complete }: { complete: boolean }) {
  const { t } = useText()
  const site = useSite()
  return (
    <div className={classes.finished} role="status">
      <p>{t(complete ? 'web.setup.complete' : 'web.setup.incomplete', { site: site.name })}</p>
      <Button renderRoot={(props) => <Link to="/sites/$site" params={{ site: site.id }} {...props} />}>
        {t('web.setup.board')}
      </Button>
    </div>
  )
}
