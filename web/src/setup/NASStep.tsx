import { Button } from '@mantine/core'
import { useState } from 'react'
import type { NAS } from '../api/types.ts'
import { HowToEnter, NASFields, nasFields, useNASForm } from '../network/NASForm.tsx'
import { Test } from '../network/Test.tsx'
import { useText } from '../text/useText.tsx'
import { StepForm } from './StepForm.tsx'
import type { Step } from './steps.ts'

/** The access point is added, and tried before one goes on. */
export function NASStep({ hold }: { hold: (step: Step | null) => void }) {
  const { t } = useText()
  const [nas, setNAS] = useState<NAS | null>(null)
  const form = useNASForm(undefined, (made) => {
    hold('nas') // it is there now: without this, its test would not be seen
    setNAS(made)
  })
  if (nas) {
    return (
      <>
        <HowToEnter />
        <Test nas={nas}>
          <Button onClick={() => hold(null)}>{t('web.setup.next')}</Button>
        </Test>
      </>
    )
  }
  return (
    <StepForm form={form} shown={nasFields} action={t('web.nas.make')}>
      <NASFields form={form} made={false} />
    </StepForm>
  )
}
