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

/**
 * Of OS_Regex alternatives: the longest run of literals in each. Only classes can be repeated or be forgiven at the end of the text, so every
 * literal is consumed, with two exceptions (spec/engine-regex.md, 5.3): a last literal right behind a class without repeat, which step C can
 * forgive; and the second of two marks that meet, which is a literal but is not counted here.
 */
export function osRegexLiterals(alternatives: RegexAlternative[]): Requirement {
  const literals: string[] = []
  for (const { tokens } of alternatives) {
    let longest = ''
    let run = ''
    let isImpossible = false
    for (const [i, token] of tokens.entries()) {
      if (token.kind === 'literal') {
        const before = tokens[i - 1]
        const mayBeForgiven = i === tokens.length - 1 && before?.kind === 'class' && before.repeat === ''
        if (mayBeForgiven) continue
        if (token.byte >= 0x80) isImpossible = true
        run += String.fromCharCode(token.byte)
        if (run.length > longest.length) longest = run
      } else if (token.kind === 'class' || tokens[i - 1]?.kind === 'mark') run = ''
    }
    if (isImpossible) continue
    if (longest === '') return undefined
    literals.push(longest)
  }
  // A pattern with the case-sensitive flag can hold capitals, which never match; lower-cased they ask for more than is needed.
  return limited(literals.filter((literal) => !/[A-Z]/.test(literal)))
}

/** Of a PCRE2 pattern: outside of optional parts and look-arounds; of a choice, something from every branch. */
export function pcre2Literals({ root, utf }: Pcre2Pattern): Requirement {
  const best = new Run(utf)
  best.take(root)
  const required = best.finish()
  return required && limited(required)
}

/** The longest requirement along a sequence, in which neighbouring characters join. */
class Run {
  private readonly utf: boolean
  private text = ''
  private best: string[] | undefined

  constructor(utf: boolean) {
    this.utf = utf
  }

  finish(): string[] | undefined {
    this.end()
    return this.best
  }

  take(node: Node): void {
    switch (node.kind) {
      case 'set': {
        const code = literalOf(node.set)
        if (code === undefined) this.end()
        else
          this.text += this.utf ? Buffer.from(String.fromCodePoint(code)).toString('latin1') : String.fromCharCode(code)
        return
      }
      case 'sequence':
        for (const item of node.items) this.take(item)
        return
      case 'capture':
      case 'atomic':
        this.take(node.body)
        return
      case 'place':
      case 'wordBoundary':
        return
      case 'choice': {
        this.end()
        const all: string[] = []
        for (const branch of node.branches) {
          const run = new Run(this.utf)
          run.take(branch)
          const required = run.finish()
          if (!required) return
          all.push(...required)
        }
        this.offer(all)
        return
      }
      case 'repeat': {
        this.end()
        if (node.min === 0) return
        this.take(node.body)
        this.end()
        return
      }
      default:
        this.end()
    }
  }

  private end(): void {
    if (this.text !== '') this.offer([this.text])
    this.text = ''
  }

  private offer(literals: string[]): void {
    const shortest = (list: string[]) => Math.min(...list.map((one) => one.length))
    if (!this.best || shortest(literals) > shortest(this.best)) this.best = literals
  }
}

function limited(literals: string[]): Requirement {
  const distinct = [...new Set(literals)]
  return distinct.length > mostLiterals ? undefined : distinct
}
