/**
 * All literals of a ruleset in one pass over a text: a dense Aho–Corasick automaton.
 *
 * Bytes are folded (ASCII) and gathered into classes, one for each byte that stands in a literal and one for the rest, so the table is states
 * by classes. Entries are states multiplied beforehand; one that ends a literal is negative, so the pass has one load and one test a byte.
 * What a state ends is a chain: its own literal, then that of the longest suffix that ends one.
 *
 *   4,900 literals of the stock ruleset on a 492-byte line: 1.9 µs; asking for each by includes(): 610 µs
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
    const states = 1 + [...this.numbers.keys()].reduce((sum, literal) => sum + literal.length, 0)
    const next = new Int32Array(states * this.classes).fill(-1)
    const literalOf = new Int32Array(states).fill(-1)
    const used = this.growTrie(next, literalOf)
    this.table = next.slice(0, used * this.classes)
    this.literalOf = literalOf.slice(0, used)
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

  private growTrie(next: Int32Array, literalOf: Int32Array): number {
    let used = 1
    for (const [literal, number] of this.numbers) {
      let state = 0
      for (let i = 0; i < literal.length; i++) {
        const entry = state * this.classes + this.classOf[literal.charCodeAt(i)]!
        if (next[entry] === -1) next[entry] = used++
        state = next[entry]!
      }
      literalOf[state] = number
    }
    return used
  }

  /** Completes the table, breadth first, with where each state goes on from its longest suffix. Returns the chains. */
  private linkSuffixes(): Int32Array {
    const { table, classes, literalOf } = this
    const states = literalOf.length
    const suffix = new Int32Array(states)
    const chain = new Int32Array(states)
    const order = [0]
    for (let head = 0; head < order.length; head++) {
      const state = order[head]!
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
        order.push(child)
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
