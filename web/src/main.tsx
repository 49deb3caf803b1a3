// In this order: ours over Mantine's.
import '@mantine/core/styles.css'
import 'virtual:theme.css'
import './look/global.css'
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { signedOut } from './api/client.ts'
import { Problem } from './api/problem.ts'
import { meQuery } from './api/queries.ts'
import { forgetNames } from './evacuation/leaving.ts'
import { ToastProvider } from './look/Toasts.tsx'
import { theme } from './look/theme.ts'
import { router } from './routes.tsx'
import { TextProvider } from './text/useText.tsx'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Events say when something changed; see live/.
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      networkMode: 'always',
      retry: (failures, error) => failures < 1 && error instanceof Problem && error.passing,
      retryDelay: 1000,
    },
  },
})

signedOut.addEventListener('signedout', () => {
  if (router.state.location.pathname === '/sign-in') return
  const next = router.state.location.href
  client.clear()
  client.setQueryData(meQuery.queryKey, undefined)
  void forgetNames()
  router.navigate({ to: '/sign-in', search: next === '/' ? {} : { next } })
})

const root = document.getElementById('root')
if (!root) throw new Error('no root')
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={localStorageColorSchemeManager({ key: 'foyer-theme' })}
      // Both would write style elements; see build/variables.ts.
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={client}>
        <TextProvider>
          <ToastProvider>
            <RouterProvider router={router} />
          </ToastProvider>
        </TextProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
