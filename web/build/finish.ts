import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/** What a browser fetches before it can show anything, gzipped. */
const firstLoadMost = 300_000

/** Stores compressed copies beside the assets and fails a build that grew too heavy. */
export function finish(): Plugin {
  return {
    name: 'finish',
    apply: 'build',
    closeBundle() {
      const dist = join(import.meta.dirname, '..', 'dist')
      const assets = join(dist, 'assets')
      const sizes = new Map<string, number>()
      for (const file of readdirSync(assets).filter((f) => /\.(js|css|svg)$/.test(f))) {
        const text = readFileSync(join(assets, file))
        const zipped = gzipSync(text, { level: 9 })
        sizes.set(file, zipped.length)
        writeFileSync(join(assets, `${file}.gz`), zipped)
        writeFileSync(join(assets, `${file}.br`), brotliCompressSync(text))
      }
      const page = readFileSync(join(dist, 'index.html'), 'utf8')
      let total = gzipSync(page).length
      // A language is loaded by name, one of them: the longest counts.
      let language = 0
      for (const [file, size] of sizes) {
        if (page.includes(file)) total += size
        else if (/^(en|de)-/.test(file)) language = Math.max(language, size)
      }
      total += language
      this.info(`first load ${Math.round(total / 1000)} kB gzip`)
      if (total > firstLoadMost) this.error(`first load is ${total} octets gzipped; the limit is ${firstLoadMost}`)
    },
  }
}
