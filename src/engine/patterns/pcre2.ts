/** PCRE2 patterns. spec/engine-regex.md, section 6. */
import type { Compiled, Match, Pattern } from './pattern.ts'
import type { Pcre2Pattern } from './pcre2/ast.ts'
import { parsePcre2 } from './pcre2/parse.ts'
import { compileProgram } from './pcre2/program.ts'
import { Pcre2SyntaxError } from './pcre2/reader.ts'
import { type Codes, Matcher } from './pcre2/vm.ts'

export function compilePcre2(source: string, captures = false): Compiled {
  try {
    return { pattern: new Pcre2(source, parsePcre2(source), captures) }
  } catch (error) {
    if (!(error instanceof Pcre2SyntaxError)) throw error
    return { error: { code: 0, message: error.message } }
  }
}

class Pcre2 implements Pattern {
  readonly kind = 'pcre2'
  readonly source: string
  private readonly parsed: Pcre2Pattern
  private readonly captures: boolean
  private matcher: Matcher | undefined

  constructor(source: string, parsed: Pcre2Pattern, captures: boolean) {
    this.source = source
    this.parsed = parsed
    this.captures = captures
  }

  test(text: string): boolean {
    return this.exec(text) !== undefined
  }

  exec(text: string, start = 0): Match | undefined {
    this.matcher ??= new Matcher(this.parsed, compileProgram(this.parsed))
    const subject = start === 0 ? text : text.slice(start)
    const codes = this.parsed.utf ? codePoints(subject) : Buffer.from(subject, 'latin1')
    const spans = codes && this.matcher.match(codes)
    if (!spans) return undefined
    const offset = this.parsed.utf ? byteOffsets(codes) : (index: number) => index
    const captures: string[] = []
    if (this.captures) {
      for (let group = 1; 2 * group < spans.length; group++) {
        if (spans[2 * group + 1] === -1) continue
        while (captures.length < group - 1) captures.push('')
        captures.push(subject.slice(offset(spans[2 * group]!), offset(spans[2 * group + 1]!)))
      }
    }
    return { end: start + offset(spans[1]!) - 1, captures }
  }
}

/** The code points of a byte string; undefined when it is not UTF-8, for which PCRE2 reports an error and Wazuh no match. */
function codePoints(text: string): Codes | undefined {
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'latin1'))
    return Uint32Array.from(decoded, (char) => char.codePointAt(0)!)
  } catch {
    return undefined
  }
}

/** From an index of a code point to that of its first byte. */
function byteOffsets(codes: Codes): (index: number) => number {
  const offsets = new Uint32Array(codes.length + 1)
  for (const [i, code] of codes.entries()) {
    offsets[i + 1] = offsets[i]! + (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4)
  }
  return (index) => offsets[index]!
}
