/**
 * The literals that a pattern requires: if none of them occurs in a text, the pattern cannot match it. One pass of {@link LiteralScanner} over
 * a text then tells for thousands of patterns which are worth running.
 *
 * A literal is lower-cased (ASCII), and is to be looked for in the lower-cased text: for a pattern that minds the case this only means that
 * it is tried more often. What is required must be so whatever the quirks of the matcher; each language says here why it is.
 */
import type { Alternative } from './os-match.ts'
import type { RegexAlternative } from './os-regex-parse.ts'
import type { Node, Pcre2Pattern } from './pcre2/ast.ts'
import { literalOf } from './pcre2/char-set.ts'
import { hasHighByte } from './text.ts'

/** More alternatives than this are not worth looking for. */
const mostLiterals = 256

/** Any one of these must occur; undefined: nothing is known to be required. An empty list: the pattern never matches. */
export type Requirement = string[] | undefined

/** Literals in the order in which they must occur, without overlap: any one of each link. Links without literals are left out. */
export type Chain = (string | string[])[]

/** Of an OS_Match list. A negated list matches where nothing occurs. */
export function osMatchLiterals(alternatives: Alternative[], negated: boolean): Requirement {
  if (negated) return undefined
  const literals: string[] = []
  for (const { text, atStart, atEnd } of alternatives) {
    if (text === '') return undefined
    // Beyond ASCII, an alternative without anchors never matches.
    if (atStart || atEnd || !hasHighByte(text)) literals.push(text)
  }
  return limited(literals)
}

/** Of OS_Regex alternatives: the longest of the literals of each. */
export function osRegexLiterals(alternatives: RegexAlternative[]): Requirement {
  const literals: string[] = []
  for (const alternative of alternatives) {
    const chain = osRegexChain(alternative)
    if (!chain) continue
    const best = longestOf(chain)
    if (!best) return undefined
    literals.push(...best)
  }
  return limited(literals)
}

/**
 * The literals of one OS_Regex alternative, in order; undefined when it never matches.
 *
 * Only classes can be repeated or be forgiven at the end of the text, so every literal is consumed, and in order, for going back to a saved
 * place goes back in tokens and text alike. There are two exceptions (spec/engine-regex.md, 5.3): a last literal right behind a class
 * without repeat, which step C can forgive; and the second of two marks that meet, which is a literal but is not counted here.
 */
export function osRegexChain({ tokens }: RegexAlternative): Chain | undefined {
  const chain: Chain = []
  let run = ''
  const endRun = () => {
    if (run !== '') chain.push(run)
    run = ''
  }
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'literal') {
      const before = tokens[i - 1]
      const mayBeForgiven = i === tokens.length - 1 && before?.kind === 'class' && before.repeat === ''
      if (mayBeForgiven) continue
      // Never matches: beyond ASCII, or a capital of the case-sensitive flag.
      if (token.byte >= 0x80 || (token.byte >= 0x41 && token.byte <= 0x5a)) return undefined
      run += String.fromCharCode(token.byte)
    } else if (token.kind === 'class' || tokens[i - 1]?.kind === 'mark') endRun()
  }
  endRun()
  return chain
}

/**
 * The literals of a PCRE2 pattern, in order: outside of optional parts, look-arounds, calls and conditions; of a choice, something from every
 * branch. Under `(*UTF)` they are UTF-8, as the text is.
 */
export function pcre2Chain({ root, utf }: Pcre2Pattern): Chain {
  return collect(root, utf)
}

/** The best link of a chain to ask for alone: one whose shortest literal is longest. */
export function longestOf(chain: Chain): Requirement {
  const shortest = (literals: string[]) => Math.min(...literals.map((one) => one.length))
  const best = chain
    .map((link) => (typeof link === 'string' ? [link] : link))
    .reduce<string[] | undefined>((one, other) => (one && shortest(one) >= shortest(other) ? one : other), undefined)
  return best && limited(best)
}

/** Whether the links of the chain can be found one behind the other in the lower-cased text: if not, the pattern cannot match. */
export function mayHold(chain: Chain, lower: string, start: number): boolean {
  let from = start
  for (let i = 0; i < chain.length; i++) {
    const link = chain[i]!
    if (typeof link === 'string') {
      const at = lower.indexOf(link, from)
      if (at === -1) return false
      from = at + link.length
      continue
    }
    let nearest = -1
    for (const literal of link) {
      const at = lower.indexOf(literal, from)
      if (at !== -1 && (nearest === -1 || at + literal.length < nearest)) nearest = at + literal.length
    }
    if (nearest === -1) return false
    from = nearest
  }
  return true
}

/** So often a look may find all literals before it is left out; one that turns a text away pays for more of them. */
const credit = 8
const creditOfOne = 16
const mostCredit = 64
/** So often it is left out before it is tried again. */
const rest = 256

/**
 * {@link mayHold} for a matcher that is bounded by itself: left out for a while where it turns nothing away, as when a gate has looked before. Most patterns
 * that are run do match.
 */
export class Forecast {
  private readonly chain: Chain
  private worth = credit

  constructor(chain: Chain) {
    this.chain = chain
  }

  mayHold(lower: string, start: number): boolean {
    if (this.worth <= 0) {
      if (--this.worth > -rest) return true
      this.worth = credit
    }
    const holds = mayHold(this.chain, lower, start)
    this.worth = holds ? this.worth - 1 : Math.min(this.worth + creditOfOne, mostCredit)
    return holds
  }
}

function collect(root: Node, utf: boolean): Chain {
  const chain: Chain = []
  let run = ''
  const endRun = () => {
    if (run !== '') chain.push(run)
    run = ''
  }
  const take = (node: Node): void => {
    switch (node.kind) {
      case 'set': {
        const code = literalOf(node.set)
        if (code === undefined) endRun()
        else run += utf ? Buffer.from(String.fromCodePoint(code)).toString('latin1') : String.fromCharCode(code)
        return
      }
      case 'sequence':
        for (const item of node.items) take(item)
        return
      case 'capture':
      case 'atomic':
        take(node.body)
        return
      case 'place':
      case 'wordBoundary':
        return
      case 'repeat':
        endRun()
        if (node.min > 0) take(node.body)
        endRun()
        return
      case 'choice': {
        endRun()
        const parts = node.branches.map((branch) => longestOf(collect(branch, utf)))
        if (parts.every((part) => part !== undefined)) chain.push(parts.flat())
        return
      }
      default:
        endRun()
    }
  }
  take(root)
  endRun()
  return chain
}

function limited(literals: string[]): Requirement {
  const distinct = [...new Set(literals)]
  return distinct.length > mostLiterals ? undefined : distinct
}
