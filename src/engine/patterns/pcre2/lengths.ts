/** How many characters a part of a pattern takes, which a look-behind must know beforehand. */
import { childrenOf, type Node } from './ast.ts'

/** The body of each capture group; of a number that stands twice, the first. */
export function groupBodies(root: Node): Map<number, Node> {
  const bodies = new Map<number, Node>()
  const visit = (node: Node) => {
    if (node.kind === 'capture' && !bodies.has(node.group)) bodies.set(node.group, node.body)
    for (const child of childrenOf(node)) visit(child)
  }
  visit(root)
  return bodies
}

/**
 * The length of everything the node matches, when there is only one; undefined otherwise. Some answers are PCRE2's and not quite true: what
 * follows `(*FAIL)` is not looked at, and a condition without a second branch is as long as its first.
 *
 * @param open bodies of groups around the node: a reference to one of them has no length
 */
function fixedLength(node: Node, bodies: Map<number, Node>, open: readonly Node[]): number | undefined {
  const same = (nodes: Node[]): number | undefined => {
    const [first, ...rest] = nodes.map((one) => fixedLength(one, bodies, open))
    return rest.every((length) => length === first) ? first : undefined
  }
  switch (node.kind) {
    case 'set':
      return 1
    case 'sequence': {
      let sum = 0
      for (const item of node.items) {
        if (item.kind === 'fail') break
        const length = fixedLength(item, bodies, open)
        if (length === undefined) return undefined
        sum += length
      }
      return sum
    }
    case 'choice':
      return same(node.branches)
    case 'capture':
      return fixedLength(node.body, bodies, [...open, node.body])
    case 'atomic':
      return fixedLength(node.body, bodies, open)
    case 'repeat': {
      if (node.body.kind === 'look' && !node.body.behind) return 0
      if (node.min !== node.max) return undefined
      const length = fixedLength(node.body, bodies, open)
      return length === undefined ? undefined : length * node.min
    }
    case 'condition':
      if (node.test.kind === 'constant' && !node.test.value && !node.no) return 0
      return same(node.no ? [node.yes, node.no] : [node.yes])
    case 'backReference':
    case 'call': {
      if (node.kind === 'backReference' && node.mayBeAmbiguous) return undefined
      const groups = node.kind === 'call' ? [node.group] : node.groups
      const body = groups.length === 1 ? bodies.get(groups[0]!) : undefined
      if (!body || open.includes(body)) return undefined
      return fixedLength(body, bodies, [...open, body])
    }
    default:
      return 0
  }
}

/** The branches of a look-behind, each with its length; undefined when one has none. */
export function behindBranches(
  body: Node,
  bodies: Map<number, Node>,
  open: readonly Node[] = [],
): { branch: Node; length: number }[] | undefined {
  const branches: { branch: Node; length: number }[] = []
  for (const branch of body.kind === 'choice' ? body.branches : [body]) {
    const length = fixedLength(branch, bodies, open)
    if (length === undefined) return undefined
    branches.push({ branch, length })
  }
  return branches
}

/** Whether every look-behind in the pattern has branches of fixed length. */
export function hasFixedLookBehinds(node: Node, bodies: Map<number, Node>, open: readonly Node[] = []): boolean {
  if (node.kind === 'look' && node.behind && !behindBranches(node.body, bodies, open)) return false
  const inside = node.kind === 'capture' ? [...open, node.body] : open
  return childrenOf(node).every((child) => hasFixedLookBehinds(child, bodies, inside))
}
