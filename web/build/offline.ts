import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { Plugin } from 'vite'

const source = join(import.meta.dirname, '..', 'src', 'evacuation', 'worker.ts')

/** Where a page begins, and what it fetches by itself once it runs: the evacuation page and the languages. */
const begins = /(index\.html|\/src\/evacuation\/(Evacuation|keep)\.tsx?|\/src\/text\/(en|de)\.ts)$/

/** Writes the evacuation page's service worker, with the names of all that the page needs. */
export function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    generateBundle(_, bundle) {
      const needed = new Set<string>()
      const add = (name: string) => {
        const file = bundle[name]
        if (!file || needed.has(name)) return
        needed.add(name)
        if (file.type !== 'chunk') return
        for (const other of [...file.imports, ...(file.viteMetadata?.importedCss ?? []), ...(file.viteMetadata?.importedAssets ?? [])]) add(other)
      }
      for (const file of Object.values(bundle)) {
        if (file.type === 'chunk' && begins.test(file.facadeModuleId ?? '')) add(file.fileName)
      }
      const assets = [...needed].filter((name) => name.startsWith('assets/')).map((name) => `/${name}`)
      if (!assets.some((name) => name.includes('/Evacuation-'))) this.error('the evacuation page is not among what is kept offline')
      const build = createHash('sha256').update(assets.sort().join()).digest('hex').slice(0, 12)
      const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: true },
      })
      const text = `const __OFFLINE__ = ${JSON.stringify({ build, assets })};\n${outputText.replace('export {};', '')}`
      this.emitFile({ type: 'asset', fileName: 'evacuation-worker.js', source: text })
    },
  }
}
