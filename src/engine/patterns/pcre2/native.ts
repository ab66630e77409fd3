/**
 * PCRE2 patterns as native RegExp, where the two mean the same. They are made from the tree, never from the text of the pattern, and every
 * set of characters is written out, so nothing is left to what an escape means in either language.
 *
 * What does not mean the same, and stays with the matcher of vm.ts:
 * - back-references, calls, conditions, atomic groups, possessive repeats, look-arounds, `(?|`, `(*UTF)`;
 * - a repeat whose body can match nothing: JavaScript rejects an empty pass, PCRE2 takes it and sets its groups;
 * - a repeat with a group that one pass may set and another not: JavaScript clears groups at each pass, PCRE2 does not;
 * - a text that ends in a newline when the pattern has `$`, or holds a carriage return when it has `(?m)`: see {@link Native.accepts}.
 *
 * The bound is that of linear.ts; what cannot have it is not translated.
 */
import { linearRegExp, mostCopies } from '../linear.ts'
import { writeSet } from '../regexp-source.ts'
import type { Node, Pcre2Pattern } from './ast.ts'
import { childrenOf, isNullable } from './ast.ts'

/** A set repeated more often than this, and not without end, would make too large a RegExp. */
const mostRepeats = 1000

export interface Native {
  regexp: RegExp
  /** Whether the translation holds for this text. */
  accepts(text: string): boolean
}

/** The pattern as RegExp; undefined when it would not mean the same, or could not be bounded. */
export function toNative({ root, utf, refusesEmpty }: Pcre2Pattern): Native | undefined {
  if (utf || refusesEmpty !== undefined) return undefined
  const groups = new Set<number>()
  const places = new Set<string>()
  const source = write(root)
  if (source === undefined) return undefined
  const byLine = places.has('lineStart') || places.has('lineEnd')
  // The flag m changes both anchors for the whole pattern.
  if (byLine && (places.has('start') || places.has('end') || places.has('endOrNewline'))) return undefined
  const regexp = linearRegExp(source, byLine ? 'm' : '')
  return (
    regexp && {
      regexp,
      accepts: byLine
        ? (text) => !text.endsWith('\n') && !text.includes('\r')
        : places.has('endOrNewline')
          ? (text) => !text.endsWith('\n')
          : () => true,
    }
  )

  function write(node: Node): string | undefined {
    switch (node.kind) {
      case 'set':
        return writeSet(node.set.low)
      case 'sequence':
        return join(node.items, '')
      case 'choice': {
        const branches = join(node.branches, '|')
        return branches === undefined ? undefined : `(?:${branches})`
      }
      case 'capture': {
        // A second group of the same number, by (?|.
        if (groups.has(node.group)) return undefined
        groups.add(node.group)
        const body = node.body.kind === 'choice' ? join(node.body.branches, '|') : write(node.body)
        return body === undefined ? undefined : `(${body})`
      }
      case 'repeat': {
        const { body, min, max, mode } = node
        if (mode === 'possessive' || isNullable(body) || (max > 1 && !setsAllGroups(body))) return undefined
        const once = write(body)
        if (once === undefined) return undefined
        const lazily = mode === 'lazy' ? '?' : ''
        if (body.kind === 'set' && max !== Number.POSITIVE_INFINITY && max > mostRepeats) return undefined
        if (body.kind === 'set') return writeRun(once, min, max, lazily)
        return `(?:${once})${writeBounds(min, max)}${lazily}`
      }
      case 'place':
        places.add(node.place)
        return node.place === 'start' || node.place === 'lineStart' ? '^' : '$'
      case 'wordBoundary':
        // Of the sets that a boundary can have, one without letters beyond ASCII is JavaScript's own.
        return node.words.low[0xe9] ? undefined : node.negative ? '\\B' : '\\b'
      case 'fail':
        return '[]'
      default:
        return undefined
    }
  }

  function join(nodes: Node[], separator: string): string | undefined {
    const parts = nodes.map(write)
    return parts.includes(undefined) ? undefined : parts.join(separator)
  }
}

function hasGroups(node: Node): boolean {
  return node.kind === 'capture' || childrenOf(node).some(hasGroups)
}

/** Whether every match of the node sets every group in it. */
function setsAllGroups(node: Node): boolean {
  switch (node.kind) {
    case 'choice':
      return !hasGroups(node)
    case 'repeat':
      return node.min > 0 ? setsAllGroups(node.body) : !hasGroups(node.body)
    default:
      return childrenOf(node).every(setsAllGroups)
  }
}

function writeBounds(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  return min === 0 && max === 1 ? '?' : `{${min},${max}}`
}

/** A run of a set, in pieces that V8's linear engine takes. The ends of the run are tried in the same order as in one piece. */
function writeRun(set: string, min: number, max: number, lazily: string): string {
  let written = ''
  let [low, high] = [min, max]
  while (high > mostCopies && (low > 0 || high !== Number.POSITIVE_INFINITY)) {
    const must = Math.min(low, mostCopies)
    const may = must > 0 ? must : mostCopies
    written += must > 0 ? `${set}{${must}}` : `${set}{0,${may}}${lazily}`
    low -= must
    high -= may
  }
  return high === 0 ? written : `${written}${set}${writeBounds(low, high)}${lazily}`
}
