/** PCRE2 patterns by translation to a native RegExp. spec/engine-regex.md, section 6. */
import type { Compiled, Match, Pattern } from './pattern.ts'

export function compilePcre2(source: string, captures = false): Compiled {
  try {
    return { pattern: new Pcre2(source, captures) }
  } catch (error) {
    return { error: { code: 0, message: error instanceof Error ? error.message : String(error) } }
  }
}

class Pcre2 implements Pattern {
  readonly kind = 'pcre2'
  readonly source: string
  private readonly regexp: RegExp
  private readonly captures: boolean

  constructor(source: string, captures: boolean) {
    this.source = source
    this.captures = captures
    this.regexp = translate(source)
  }

  test(text: string): boolean {
    return this.regexp.test(text)
  }

  exec(text: string, start = 0): Match | undefined {
    const found = this.regexp.exec(start === 0 ? text : text.slice(start))
    if (!found) return undefined
    const captures = this.captures ? found.slice(1) : []
    while (captures.length > 0 && captures.at(-1) === undefined) captures.pop()
    return { end: start + found.index + found[0].length - 1, captures: captures.map((one) => one ?? '') }
  }
}

function translate(source: string): RegExp {
  const leading = /^\(\?([ims]+)\)/.exec(source)
  const flags = leading?.[1] ?? ''
  const body = source.slice(leading?.[0].length ?? 0)
  const parts = body.replace(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[.^$]/gs, (part) => {
    if (part === '.') return flags.includes('s') ? '[^]' : '[^\\n]'
    if (part === '^') return flags.includes('m') ? '(?<![^\\n])' : '^'
    if (part === '$') return flags.includes('m') ? '(?![^\\n])' : '(?=\\n?(?![^]))'
    if (part === '\\s') return '[\\t-\\r ]'
    if (part === '\\S') return '[^\\t-\\r ]'
    return part.startsWith('[') ? part.replaceAll('\\s', '\\t-\\r ') : part
  })
  return new RegExp(parts, flags.includes('i') ? 'i' : '')
}
