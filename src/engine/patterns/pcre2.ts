/**
 * PCRE2 patterns. spec/engine-regex.md, section 6.
 *
 * A pattern is read into a tree (pcre2/parse.ts). From it come the reference matcher, which does all that PCRE2 does (pcre2/vm.ts), and where
 * it means the same a native RegExp (pcre2/native.ts). On a 114-byte sshd line `user (\S+) from (\S+) port (\d+)` takes the one 5.9 µs and the
 * other 0.2; all 458 stock patterns on 205 stock test lines take 5,500 µs a match and 0.5 µs, for some are quadratic without a look for their
 * literals, which the reference matcher leaves out.
 *
 * The bounds: a native match goes back 2,000 times and then takes time linear in text times pattern (linear.ts). Look-arounds,
 * back-references, recursion and what else has no native form are given up, as not matched, after PCRE2's own ten million tries or twenty
 * million instructions, about half a second (pcre2/vm.ts). Both come after a look for the required literals, as in PCRE2.
 *
 * Known to differ from PCRE2 10.42, found with two million random cases: it misses matches when a group `(a|b){0}` with alternatives begins a
 * branch, and when a repeat stands before a group repeated with `?+`. Both are mistakes of its optimiser that nobody can have meant; ours finds
 * the match. What we do not have is refused when the pattern is read (pcre2/parse.ts).
 */
import { type Chain, longestOf, mayHold, pcre2Chain, type Requirement } from './literals.ts'
import type { Compiled, Match, Pattern } from './pattern.ts'
import type { Pcre2Pattern } from './pcre2/ast.ts'
import { type Native, toNative } from './pcre2/native.ts'
import { parsePcre2 } from './pcre2/parse.ts'
import { compileProgram } from './pcre2/program.ts'
import { Pcre2SyntaxError } from './pcre2/reader.ts'
import { type Codes, Matcher } from './pcre2/vm.ts'
import { lowered } from './text.ts'

/** Compiles a PCRE2 pattern. `plain`: the reference matcher alone. */
export function compilePcre2(source: string, captures = false, plain = false): Compiled {
  try {
    return { pattern: new Pcre2(source, parsePcre2(source), captures, plain) }
  } catch (error) {
    if (!(error instanceof Pcre2SyntaxError)) throw error
    return { error: { code: 0, message: error.message } }
  }
}

class Pcre2 implements Pattern {
  readonly kind = 'pcre2'
  readonly source: string
  readonly literals: Requirement
  private readonly chain: Chain
  private readonly parsed: Pcre2Pattern
  private readonly captures: boolean
  private readonly plain: boolean
  private native: Native | undefined
  private matcher: Matcher | undefined
  private isPrepared = false

  constructor(source: string, parsed: Pcre2Pattern, captures: boolean, plain: boolean) {
    this.source = source
    this.parsed = parsed
    this.captures = captures
    this.plain = plain
    this.chain = pcre2Chain(parsed)
    this.literals = longestOf(this.chain)
  }

  test(text: string): boolean {
    if (this.plain) return this.search(text, 0) !== undefined
    if (!this.mayMatch(text, 0)) return false
    return this.nativeFor(text)?.test(text) ?? this.search(text, 0) !== undefined
  }

  exec(text: string, start = 0): Match | undefined {
    if (this.plain) return this.search(text, start)
    if (!this.mayMatch(text, start)) return undefined
    const native = this.nativeFor(text)
    if (!native) return this.search(text, start)
    const found = native.exec(start === 0 ? text : text.slice(start))
    if (!found) return undefined
    const captures: string[] = []
    if (this.captures) {
      for (let group = 1; group < found.length; group++) {
        if (found[group] === undefined) continue
        while (captures.length < group - 1) captures.push('')
        captures.push(found[group]!)
      }
    }
    return { end: start + found.index + found[0].length - 1, captures }
  }

  private mayMatch(text: string, start: number): boolean {
    return this.chain.length === 0 || mayHold(this.chain, lowered(text), start)
  }

  /** The native form, if there is one and it holds for the text. It is made at first use: most patterns of a ruleset never come to it. */
  private nativeFor(text: string): RegExp | undefined {
    if (!this.isPrepared) {
      this.native = toNative(this.parsed)
      this.isPrepared = true
    }
    return this.native?.accepts(text) ? this.native.regexp : undefined
  }

  private search(text: string, start: number): Match | undefined {
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
