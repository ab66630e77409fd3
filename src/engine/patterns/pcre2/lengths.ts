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

/** The length of everything the node matches, when there is only one; undefined otherwise. */
export function fixedLength(node: Node, bodies: Map<number, Node>, open: readonly Node[] = []): number | undefined {
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
        const length = fixedLength(item, bodies, open)
        if (length === undefined) return undefined
        sum += length
      }
      return sum
    }
    case 'choice':
      return same(node.branches)
    case 'capture':
    case 'atomic':
      return fixedLength(node.body, bodies, open)
    case 'repeat': {
      if (node.min !== node.max) return undefined
      const length = fixedLength(node.body, bodies, open)
      return length === undefined ? undefined : length * node.min
    }
    case 'condition':
      return node.test.kind === 'constant' && !node.test.value ? 0 : same([node.yes, node.no])
    case 'backReference':
    case 'call': {
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
export function behindBranches(body: Node, bodies: Map<number, Node>): { branch: Node; length: number }[] | undefined {
  const branches: { branch: Node; length: number }[] = []
  for (const branch of body.kind === 'choice' ? body.branches : [body]) {
    const length = fixedLength(branch, bodies)
    if (length === undefined) return undefined
    branches.push({ branch, length })
  }
  return branches
}

/** Whether every look-behind in the pattern has branches of fixed length. */
export function hasFixedLookBehinds(node: Node, bodies: Map<number, Node>): boolean {
  if (node.kind === 'look' && node.behind && !behindBranches(node.body, bodies)) return false
  return childrenOf(node).every((child) => hasFixedLookBehinds(child, bodies))
}
