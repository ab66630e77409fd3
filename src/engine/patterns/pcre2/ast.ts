/**
 * What a PCRE2 pattern means, after reading: the tree that the matcher, the translation to RegExp and the literals are all made from.
 */
import type { CharSet } from './char-set.ts'

export type Repeat = { kind: 'repeat'; body: Node; min: number; max: number; mode: 'greedy' | 'lazy' | 'possessive' }

export type Condition =
  | { kind: 'groups'; groups: number[] }
  /** Inside a call: of this group, or of any (-1). */
  | { kind: 'called'; groups: number[] }
  | { kind: 'constant'; value: boolean }
  | { kind: 'look'; look: Look }

export type Look = { kind: 'look'; behind: boolean; negative: boolean; body: Node }

export type BackReference = {
  kind: 'backReference'
  /** By name there may be several; the first that is set counts. */
  groups: number[]
  caseless: boolean
  /** There is a `(?|` in the pattern, and PCRE2 does not ask for the length of a group any more. */
  mayBeAmbiguous: boolean
}

/** `end`: the very end; `endOrNewline`: there or before one final newline; `lineStart` and `lineEnd`: as `^` and `$` with `(?m)`. */
export type Place = 'start' | 'end' | 'endOrNewline' | 'lineStart' | 'lineEnd'

/** How a set was written, where PCRE2 minds (auto-possess.ts): `.` also for `\N`. */
export type Shorthand = '.' | 'S' | 's' | 'h' | 'v' | 'R'

export type Node =
  | { kind: 'set'; set: CharSet; shorthand?: Shorthand }
  | { kind: 'sequence'; items: Node[] }
  | { kind: 'choice'; branches: Node[] }
  | { kind: 'capture'; group: number; body: Node }
  | { kind: 'atomic'; body: Node; shorthand?: Shorthand }
  | Repeat
  | Look
  | BackReference
  | { kind: 'call'; group: number }
  | { kind: 'condition'; test: Condition; yes: Node; no?: Node }
  | { kind: 'place'; place: Place }
  | { kind: 'wordBoundary'; negative: boolean; words: CharSet }
  | { kind: 'fail' }

export interface Pcre2Pattern {
  root: Node
  /** Number of the highest capture group. */
  groups: number
  /** `(*UTF)`: pattern and text are UTF-8, and one character is one code point. */
  utf: boolean
  /** `(*UTF)` or `(*UCP)`: letters beyond ASCII have cases. */
  foldsUnicode: boolean
  /** From `(*LIMIT_MATCH=…)`; a pattern can only lower the default. */
  matchLimit: number
  /** `(*NOTEMPTY)`, `(*NOTEMPTY_ATSTART)`: an empty match is none, anywhere or at the start. */
  refusesEmpty?: 'anywhere' | 'atStart'
}

/** The parts of a node, whatever it is. */
export function childrenOf(node: Node): Node[] {
  switch (node.kind) {
    case 'sequence':
      return node.items
    case 'choice':
      return node.branches
    case 'capture':
    case 'atomic':
    case 'repeat':
    case 'look':
      return [node.body]
    case 'condition':
      return [...(node.test.kind === 'look' ? [node.test.look] : []), node.yes, ...(node.no ? [node.no] : [])]
    default:
      return []
  }
}

/** Whether the node can match without taking a character. Calls count as able to. */
export function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'sequence':
      return node.items.every(isNullable)
    case 'choice':
      return node.branches.some(isNullable)
    case 'capture':
    case 'atomic':
      return isNullable(node.body)
    case 'repeat':
      return node.min === 0 || isNullable(node.body)
    case 'condition':
      return node.no === undefined || isNullable(node.yes) || isNullable(node.no)
    default:
      return true
  }
}
