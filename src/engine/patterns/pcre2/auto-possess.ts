/**
 * A mistake of PCRE2 10.42 that shows. It makes a repeat possessive when what follows cannot match what is repeated, and for a few pairs of
 * escapes its table says so though they have bytes in common: `.+\R` does not match "a\r" there, since `.` takes the carriage return and never
 * gives it back. Found by comparing all pairs with and without `(*NO_AUTO_POSSESS)`; pcre2_auto_possess.c: autoposstab.
 */
import { childrenOf, type Node } from './ast.ts'

/** By the escape that is repeated, what may follow; `.` stands for `\N` as well. */
const wronglyApart: Record<string, string> = { S: 'hvR', '.': 'R', h: 'S', v: 'S', R: 's.' }

/**
 * Makes the repeats possessive that PCRE2 makes so by mistake. Changes the tree.
 *
 * @param next what comes behind the node in the same sequence
 * @param outer what comes behind the groups that the node is the last of; PCRE2 looks there for a greedy repeat only
 */
export function possessify(node: Node, next?: Node, outer?: Node): void {
  switch (node.kind) {
    case 'sequence':
      for (const [i, item] of node.items.entries()) {
        const follower = node.items[i + 1]
        possessify(item, follower ?? next, follower ? undefined : outer)
      }
      return
    case 'choice':
    case 'capture':
      for (const child of childrenOf(node)) possessify(child, undefined, next ?? outer)
      return
    case 'repeat': {
      const apart = wronglyApart[shorthandOf(node.body) ?? '']
      const follower = next ?? (node.mode === 'greedy' ? outer : undefined)
      if (apart && follower && beginsWith(follower, apart)) node.mode = 'possessive'
    }
  }
  for (const child of childrenOf(node)) possessify(child)
}

function shorthandOf(node: Node): string | undefined {
  return node.kind === 'set' || node.kind === 'atomic' ? node.shorthand : undefined
}

/** Whether everything that the node can begin with is one of the escapes. */
function beginsWith(node: Node, escapes: string): boolean {
  const shorthand = shorthandOf(node)
  if (shorthand !== undefined) return escapes.includes(shorthand)
  switch (node.kind) {
    case 'sequence':
      return node.items[0] !== undefined && beginsWith(node.items[0], escapes)
    case 'choice':
      return node.branches.every((branch) => beginsWith(branch, escapes))
    case 'capture':
    case 'atomic':
      return beginsWith(node.body, escapes)
    case 'repeat':
      return node.min > 0 && beginsWith(node.body, escapes)
    default:
      return false
  }
}
