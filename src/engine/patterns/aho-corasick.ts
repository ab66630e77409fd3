/**
 * All literals of a ruleset in one pass over a text: a dense Aho–Corasick automaton.
 *
 * Bytes are folded (ASCII) and gathered into classes, one for each byte that stands in a literal and one for the rest, so the table is states
 * by classes. Entries are states multiplied beforehand; one that ends a literal is negative, so the pass has one load and one test a byte.
 * What a state ends is a chain: its own literal, then that of the longest suffix that ends one.
 *
 * Measured on a busy 2-core machine: 5,223 literals of the stock ruleset (11 MB, built in 0.1 s) on its test lines of 492 bytes, 4.1 µs a line;
 * asking for each by `includes`, 1,600 µs.
 */

/** Tells which of many literals occur in a text. */
export class LiteralScanner {
  /** How many literals there are; their numbers are below this. */
  readonly size: number
  private readonly numbers = new Map<string, number>()
  private readonly classOf: Uint8Array
  private readonly classes: number
  private readonly table: Int32Array
  /** The literal that a state ends, -1 for none, and the next state of its chain, 0 for none. */
  private readonly literalOf: Int32Array
  private readonly chain: Int32Array
  /** For each literal the number of the pass that saw it last. */
  private readonly seen: Uint32Array
  private pass = 0

  /** @param literals lower-case byte strings, as in {@link Pattern.literals}; equal ones share a number, empty ones are always there */
  constructor(literals: Iterable<string>) {
    for (const literal of literals) if (!this.numbers.has(literal)) this.numbers.set(literal, this.numbers.size)
    this.size = this.numbers.size
    this.seen = new Uint32Array(this.size)
    this.classOf = classesOf(this.numbers.keys())
    this.classes = Math.max(...this.classOf) + 1
    const { next, literalOf } = this.growTrie()
    this.table = next
    this.literalOf = literalOf
    this.chain = this.linkSuffixes()
  }

  /** The number of a literal; undefined when it is none of ours. */
  numberOf(literal: string): number | undefined {
    return this.numbers.get(literal)
  }

  /** Looks through a text; the answers of {@link has} are about it until the next pass. */
  scan(text: string | Uint8Array): void {
    if (++this.pass === 0x1_0000_0000) {
      this.pass = 1
      this.seen.fill(0)
    }
    if (this.literalOf[0] !== -1) this.seen[this.literalOf[0]!] = this.pass
    const { classOf, table } = this
    let state = 0
    if (typeof text === 'string') {
      for (let i = 0; i < text.length; i++) {
        state = table[state + classOf[text.charCodeAt(i)]!]!
        if (state < 0) state = this.collect(~state)
      }
    } else {
      for (let i = 0; i < text.length; i++) {
        state = table[state + classOf[text[i]!]!]!
        if (state < 0) state = this.collect(~state)
      }
    }
  }

  /** Whether the literal of this number occurs in the text of the last pass. */
  has(number: number): boolean {
    return this.seen[number] === this.pass
  }

  private collect(state: number): number {
    const { seen, pass, literalOf, chain, classes } = this
    for (let one = state / classes; one !== 0; one = chain[one]!) {
      const literal = literalOf[one]!
      // What was seen before was followed to the end of its chain then.
      if (seen[literal] === pass) break
      seen[literal] = pass
    }
    return state
  }

  /** The trie of the literals, its states numbered by depth, so that a state comes behind all its suffixes. */
  private growTrie(): { next: Int32Array; literalOf: Int32Array } {
    const { classes, classOf } = this
    const children: Map<number, number>[] = [new Map()]
    const ends = [-1]
    for (const [literal, number] of this.numbers) {
      let state = 0
      for (let i = 0; i < literal.length; i++) {
        const byClass = classOf[literal.charCodeAt(i)]!
        let child = children[state]!.get(byClass)
        if (child === undefined) {
          child = children.push(new Map()) - 1
          ends.push(-1)
          children[state]!.set(byClass, child)
        }
        state = child
      }
      ends[state] = number
    }
    const order = [0]
    const next = new Int32Array(children.length * classes).fill(-1)
    const literalOf = new Int32Array(children.length)
    for (let state = 0; state < order.length; state++) {
      const found = order[state]!
      literalOf[state] = ends[found]!
      for (const [byClass, child] of children[found]!) next[state * classes + byClass] = order.push(child) - 1
    }
    return { next, literalOf }
  }

  /** Completes the table, breadth first, with where each state goes on from its longest suffix. Returns the chains. */
  private linkSuffixes(): Int32Array {
    const { table, classes, literalOf } = this
    const states = literalOf.length
    const suffix = new Int32Array(states)
    const chain = new Int32Array(states)
    for (let state = 0; state < states; state++) {
      for (let byClass = 0; byClass < classes; byClass++) {
        const entry = state * classes + byClass
        const child = table[entry]!
        const fallback = state === 0 ? 0 : table[suffix[state]! * classes + byClass]!
        if (child === -1) {
          table[entry] = fallback
          continue
        }
        suffix[child] = fallback
        chain[child] = literalOf[fallback] === -1 ? chain[fallback]! : fallback
      }
    }
    for (let entry = 0; entry < table.length; entry++) {
      const state = table[entry]!
      const isEnd = state !== 0 && (literalOf[state] !== -1 || chain[state] !== 0)
      table[entry] = isEnd ? ~(state * classes) : state * classes
    }
    // A state that ends no literal itself starts its chain at the first suffix that does.
    for (let state = 1; state < states; state++) {
      if (literalOf[state] === -1 && chain[state] !== 0) {
        literalOf[state] = literalOf[chain[state]!]!
        chain[state] = chain[chain[state]!]!
      }
    }
    return chain
  }
}

/** A class for each byte: 0 for those in no literal. A capital is in the class of its small letter. */
function classesOf(literals: Iterable<string>): Uint8Array {
  const classOf = new Uint8Array(256)
  let classes = 1
  for (const literal of literals) {
    for (let i = 0; i < literal.length; i++) {
      const byte = literal.charCodeAt(i)
      if (classOf[byte] === 0) classOf[byte] = classes++
    }
  }
  for (let capital = 0x41; capital <= 0x5a; capital++) classOf[capital] = classOf[capital + 0x20]!
  return classOf
}
