import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { finish } from './build/finish.ts'
import { offline } from './build/offline.ts'
import { themeVariables } from './build/variables.ts'

export default defineConfig({
  plugins: [react(), themeVariables(), offline(), finish()],
  build: {
    target: 'es2022',
    // The placeholder is tracked; `make web` removes what an earlier build left.
    emptyOutDir: false,
    // Nothing inline: the content security policy has no exceptions.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: { environment: 'node', include: ['test/**/*.test.ts'] },
})
