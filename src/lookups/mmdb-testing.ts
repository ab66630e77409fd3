/** A GeoIP database for tests, byte by byte: https://maxmind.github.io/MaxMind-DB/ (version 2.0). */
import { parseRange } from '../responses/ranges.ts'

/**
 * An MMDB with these records; IPv4 networks stand below ::/96, as in the databases that are sold.
 *
 * @param networks such as `{'8.8.8.0/24': {country: {iso_code: 'US'}}}`; none within another
 */
export function makeMmdb(networks: Record<string, unknown>, ip_version: 4 | 6 = 6): Buffer {
  type Node = [Slot, Slot]
  type Slot = Node | { offset: number } | undefined
  const root: Node = [undefined, undefined]
  const data: Buffer[] = []
  let size = 0
  for (const [network, record] of Object.entries(networks)) {
    const bytes = encode(record)
    const leaf = { offset: size }
    data.push(bytes)
    size += bytes.length
    const { family, first, prefix } = parseRange(network)!
    const skipped = family === 4 && ip_version === 6 ? 96 : 0
    const width = family === 4 ? 32 : 128
    let node = root
    for (let depth = 0; depth < skipped + prefix; depth++) {
      const bit = depth < skipped ? 0 : Number((first >> BigInt(width - 1 - (depth - skipped))) & 1n)
      if (depth === skipped + prefix - 1) node[bit] = leaf
      else {
        let next = node[bit]
        if (!Array.isArray(next)) node[bit] = next = [undefined, undefined]
        node = next
      }
    }
  }
  const nodes: Node[] = []
  const number = new Map<Node, number>()
  const visit = (node: Node) => {
    number.set(node, nodes.length)
    nodes.push(node)
    for (const slot of node) if (Array.isArray(slot)) visit(slot)
  }
  visit(root)
  const tree = Buffer.alloc(nodes.length * 6)
  for (const [n, node] of nodes.entries())
    for (const [side, slot] of node.entries()) {
      const value =
        slot === undefined ? nodes.length : Array.isArray(slot) ? number.get(slot)! : nodes.length + 16 + slot.offset
      tree.writeUIntBE(value, n * 6 + side * 3, 3)
    }
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_705_314_645,
    database_type: 'Test-City',
    description: { en: 'made by a test' },
    ip_version,
    languages: ['en'],
    node_count: nodes.length,
    record_size: 24,
  }
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    encode(metadata),
  ])
}

function encode(value: unknown): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([control(2, text.length), text])
  }
  if (typeof value === 'number' && !Number.isInteger(value)) {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value)
    return Buffer.concat([control(3, 8), bytes])
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([control(6, 4), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)])
  const members = Object.entries(value as Record<string, unknown>)
  return Buffer.concat([
    control(7, members.length),
    ...members.flatMap(([name, member]) => [encode(name), encode(member)]),
  ])
}

/** Type and size; types above 7 stand in a second byte, and sizes from 29 on in one more. */
function control(type: number, size: number): Buffer {
  if (size >= 29 + 256) throw new RangeError('longer than a test needs')
  const low = Math.min(size, 29)
  const more = size >= 29 ? [size - 29] : []
  return Buffer.from(type > 7 ? [low, type - 7, ...more] : [(type << 5) | low, ...more])
}
