// The text of a PDF as Chromium prints one (ISO 32000-1): its pages, each as its
// lines. Enough to ask what is on the paper; not a reader of every PDF.
import { inflateSync } from 'node:zlib'

/** Returns the text of each page, in order. */
export function pagesOf(pdf) {
  const objects = objectsOf(pdf)
  const root = [...objects.values()].find((o) => /\/Type \/Catalog/.test(o.dict))
  return kids(objects, ref(root.dict, 'Pages')).map((page) => textOf(objects, page))
}

function objectsOf(pdf) {
  const text = pdf.toString('latin1')
  const objects = new Map()
  for (const m of text.matchAll(/(\d+) 0 obj\s([^]*?)\sendobj/g)) {
    const [, number, body] = m
    const at = body.indexOf('stream\n')
    const dict = at < 0 ? body : body.slice(0, at)
    const length = Number(/\/Length (\d+)/.exec(dict)?.[1])
    const raw = at < 0 ? null : Buffer.from(body.slice(at + 7, at + 7 + length), 'latin1')
    objects.set(Number(number), { dict, stream: raw && (/FlateDecode/.test(dict) ? inflateSync(raw) : raw).toString('latin1') })
  }
  return objects
}

const ref = (dict, name) => Number(new RegExp(`/${name} (\\d+) 0 R`).exec(dict)?.[1])

function kids(objects, number) {
  const { dict } = objects.get(number)
  const list = /\/Kids\s*\[([^\]]*)\]/.exec(dict)?.[1]
  return list ? [...list.matchAll(/(\d+) 0 R/g)].flatMap((m) => kids(objects, Number(m[1]))) : [dict]
}

function textOf(objects, page) {
  const resources = Number.isNaN(ref(page, 'Resources')) ? page : objects.get(ref(page, 'Resources')).dict
  const fonts = new Map()
  for (const [, name, number] of resources.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
    fonts.set(name, lettersOf(objects.get(ref(objects.get(Number(number)).dict, 'ToUnicode'))?.stream ?? ''))
  }
  let letters = new Map()
  let text = ''
  const tokens = /\/(F\d+) [\d.-]+ Tf|\bBT\b|<([0-9A-Fa-f]+)>/g
  for (const [whole, font, glyphs] of objects.get(ref(page, 'Contents')).stream.matchAll(tokens)) {
    if (font) letters = fonts.get(font) ?? new Map()
    else if (whole === 'BT') text += '\n'
    else if (glyphs) text += glyphs.match(/.{4}/g).map((g) => letters.get(Number.parseInt(g, 16)) ?? '\ufffd').join('')
  }
  return text
}

/** A ToUnicode CMap: from glyphs to letters (9.10.3). */
function lettersOf(cmap) {
  const letters = new Map()
  const number = (hex) => Number.parseInt(hex, 16)
  const unicode = (hex) => String.fromCharCode(...hex.match(/.{4}/g).map(number))
  for (const [, block] of cmap.matchAll(/beginbfchar([^]*?)endbfchar/g)) {
    for (const [, glyph, letter] of block.matchAll(/<(\w+)>\s*<(\w+)>/g)) letters.set(number(glyph), unicode(letter))
  }
  for (const [, block] of cmap.matchAll(/beginbfrange([^]*?)endbfrange/g)) {
    for (const [, from, to, letter] of block.matchAll(/<(\w+)>\s*<(\w+)>\s*<(\w+)>/g)) {
      for (let i = 0; i <= number(to) - number(from); i++) letters.set(number(from) + i, String.fromCharCode(number(letter) + i))
    }
    for (const [, from, list] of block.matchAll(/<(\w+)>\s*<\w+>\s*\[([^\]]*)\]/g)) {
      ;[...list.matchAll(/<(\w+)>/g)].forEach((m, i) => letters.set(number(from) + i, unicode(m[1])))
    }
  }
  return letters
}
