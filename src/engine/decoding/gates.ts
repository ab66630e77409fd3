/**
 * Whether a pattern is worth running: a look that costs a fraction of the pattern and turns away nearly all that would fail.
 *
 * Valid because it only says no when every match is impossible: a required literal ({@link Pattern.literals}) is nowhere in the text, or the
 * first byte cannot begin any alternative of an anchored pattern. What it lets through is decided by the pattern, as ever. On the stock suite
 * nine of ten patterns that fail are not run (bench/engine, plain against fast).
 */
import type { Pattern } from '../patterns/index.ts'
import { compilePattern } from '../patterns/index.ts'

export interface Gate {
  /** By the first byte of the part that is looked at: 1 when a match can begin with it. Undefined: any byte can. */
  readonly first: Uint8Array | undefined
  /** Lower case; one of them must occur. Undefined: none is known to. */
  readonly literals: readonly string[] | undefined
}

export function gateOf(pattern: Pattern): Gate {
  return { first: firstBytes(pattern), literals: pattern.literals }
}

/**
 * @param lower the whole text in lower case
 * @param start where the pattern begins to look; literals before it do no harm
 */
export function mayMatch({ first, literals }: Gate, lower: string, start: number): boolean {
  // Nothing is known about how a pattern deals with an empty text.
  if (first !== undefined && start < lower.length && first[lower.charCodeAt(start)] === 0) return false
  if (literals === undefined) return true
  for (const literal of literals) if (lower.includes(literal)) return true
  return false
}

/** Bytes that can begin an anchored OS_Regex, by its first characters: `^a`, `^\d+`, `^(\w`. */
function firstBytes({ kind, source }: Pattern): Uint8Array | undefined {
  if (kind !== 'osregex') return undefined
  const bytes = new Uint8Array(256)
  for (const alternative of alternatives(source)) {
    const [, atom, repeat] = /^\^\(?(\\.|[^\\($)])([+*]?)/s.exec(alternative) ?? []
    // A class with * may be left out. After a literal they are literals themselves.
    if (atom === undefined || (repeat === '*' && atom.startsWith('\\'))) return undefined
    const begins = bytesOf(atom)
    for (let byte = 0; byte < 256; byte++) bytes[byte]! |= begins[byte]!
  }
  return bytes
}

function alternatives(source: string): string[] {
  return source.match(/(?:\\.|[^\\|])+/gs) ?? ['']
}

const knownAtoms = new Map<string, Uint8Array>()

/** The bytes that a literal or class takes, in lower case: asked of the matcher itself. */
function bytesOf(atom: string): Uint8Array {
  const known = knownAtoms.get(atom)
  if (known) return known
  const pattern = compilePattern('osregex', `^${atom}`).pattern
  const bytes = new Uint8Array(256)
  for (let byte = 0; byte < 256; byte++) if (!pattern || pattern.test(String.fromCharCode(byte))) bytes[byte] = 1
  knownAtoms.set(atom, bytes)
  return bytes
}
