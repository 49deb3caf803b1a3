import { createRoute } from '@tanstack/react-router'
import { root } from '../parents.tsx'
import { Forgot } from './Forgot.tsx'
import { nextOf } from './next.ts'
import { Reset } from './Reset.tsx'
import { SignIn } from './SignIn.tsx'

type Next = { next?: string; problem?: string }

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): Next => ({
    ...(search.next ? { next: nextOf(search.next) } : {}),
    ...(search.problem ? { problem: String(search.problem) } : {}),
  }),
  component: () => {
    const { next, problem } = signIn.useSearch()
    return <SignIn next={nextOf(next)} problem={problem} />
  },
})

const forgot = createRoute({ getParentRoute: () => root, path: '/forgot', component: Forgot })
const reset = createRoute({ getParentRoute: () => root, path: '/reset', component: Reset })

export const signInRoutes = [signIn, forgot, reset] as const
