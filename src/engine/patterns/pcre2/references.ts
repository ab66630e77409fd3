/** Group numbers and names, and what refers to them. A reference may stand before its group, so all are resolved at the end. */
import type { BackReference, Condition, Node } from './ast.ts'
import type { Reader } from './reader.ts'

const maxNameLength = 32

export class References {
  /** Number of capture groups opened so far. */
  groups = 0
  /** Whether there is a `(?|`, after which a number may mean several groups. */
  resetsGroups = false
  private readonly reader: Reader
  private readonly nameForm: RegExp
  private readonly byName = new Map<string, number[]>()
  private readonly nameOf = new Map<number, string>()
  private readonly pending: (() => void)[] = []

  constructor(reader: Reader, utf: boolean) {
    this.reader = reader
    this.nameForm = utf ? /[\p{L}\p{Nd}_]+/uy : /\w+/y
  }

  /** Settles all references, when the last group is known. */
  resolve(): void {
    for (const settle of this.pending) settle()
  }

  /** Reads the name of a group up to `end`, and gives it to the group that comes next. */
  defineName(end: string, mayRepeat: boolean): void {
    const name = this.readName(end)
    const group = this.groups + 1
    const known = this.nameOf.get(group)
    if (known !== undefined && known !== name) this.reader.fail('different names for groups of the same number')
    const groups = this.byName.get(name) ?? []
    if (groups.length > 0 && !groups.includes(group) && !mayRepeat) {
      this.reader.fail(`two groups have the same name, "${name}"`)
    }
    this.nameOf.set(group, name)
    this.byName.set(name, groups.includes(group) ? groups : [...groups, group])
  }

  readName(end: string): string {
    const name = this.reader.takeMatch(this.nameForm)?.[0]
    if (name === undefined) return this.reader.fail('a group name is expected')
    if (/^\p{Nd}/u.test(name)) this.reader.fail('a group name must not begin with a digit')
    if (name.length > maxNameLength) this.reader.fail(`a group name is longer than ${maxNameLength}`)
    if (!this.reader.take(end)) this.reader.fail('a group name is not terminated')
    return name
  }

  /** Reads what follows `\g`. */
  readG(caseless: boolean): Node {
    const { reader } = this
    for (const [open, close] of [
      ['<', '>'],
      ["'", "'"],
    ] as const) {
      if (!reader.take(open)) continue
      const number = this.readNumber(close)
      return number === undefined ? this.callByName(this.readName(close)) : this.callByNumber(number)
    }
    if (reader.take('{')) {
      const number = this.readNumber('}')
      return number === undefined
        ? this.backReferenceByName(this.readName('}'), caseless)
        : this.backReference(number, caseless)
    }
    const number = this.readNumber('')
    if (number === undefined) return reader.fail('\\g is not followed by a name or number')
    return this.backReference(number, caseless)
  }

  /** Reads what follows `\k`. */
  readK(caseless: boolean): Node {
    for (const [open, close] of [
      ['{', '}'],
      ['<', '>'],
      ["'", "'"],
    ] as const) {
      if (this.reader.take(open)) return this.backReferenceByName(this.readName(close), caseless)
    }
    return this.reader.fail('\\k is not followed by a name')
  }

  /** A back reference of plain digits, of which the first is taken: one digit, or no more than there are groups. */
  readDigits(first: string, caseless: boolean): Node | undefined {
    const { reader } = this
    const before = reader.at
    const number = Number(first + (reader.takeMatch(/\d*/y)?.[0] ?? ''))
    if (number < 10 || first > '7' || number <= this.groups) return this.backReference(number, caseless)
    reader.at = before
    return undefined
  }

  /** `1)`, `+1)` or `-1)`, relative to the groups so far; undefined, and nothing taken, when it is something else. */
  readNumber(end: string): number | undefined {
    const found = this.reader.takeMatch(
      end === '' ? /([+-]?)(\d+)/y : new RegExp(`([+-]?)(\\d+)${end === ')' ? '\\)' : end}`, 'y'),
    )
    if (!found) return undefined
    const number = Number(found[2])
    if (found[1] === '') return number
    if (number === 0) this.reader.fail('(?+0) and (?-0) mean no group')
    const group = found[1] === '+' ? this.groups + number : this.groups - number + 1
    return group > 0 ? group : this.reader.fail(`there is no group before this one to be called ${found[1]}${number}`)
  }

  backReference(group: number, caseless: boolean): Node {
    const node = this.newBackReference(caseless)
    this.pending.push(() => {
      this.check(group, 1)
      node.groups = [group]
      node.mayBeAmbiguous = this.resetsGroups
    })
    return node
  }

  backReferenceByName(name: string, caseless: boolean): Node {
    const node = this.newBackReference(caseless)
    this.pending.push(() => {
      node.groups = this.groupsCalled(name)
      node.mayBeAmbiguous = this.resetsGroups
    })
    return node
  }

  callByNumber(group: number): Node {
    this.pending.push(() => this.check(group, 0))
    return { kind: 'call', group }
  }

  callByName(name: string): Node {
    const node: Node = { kind: 'call', group: 0 }
    this.pending.push(() => {
      node.group = this.groupsCalled(name)[0]!
    })
    return node
  }

  /** The condition that a group is set, or, with `called`, that it is being called. */
  conditionOn(kind: 'groups' | 'called', group: number): Condition {
    this.pending.push(() => this.check(group, 1))
    return { kind, groups: [group] }
  }

  conditionOnName(kind: 'groups' | 'called', name: string): Condition {
    const condition = { kind, groups: [] as number[] }
    this.pending.push(() => condition.groups.push(...this.groupsCalled(name)))
    return condition
  }

  private newBackReference(caseless: boolean): BackReference {
    return { kind: 'backReference', groups: [], caseless, mayBeAmbiguous: false }
  }

  private check(group: number, least: number): void {
    if (group < least || group > this.groups) this.reader.fail(`there is no group ${group}`)
  }

  private groupsCalled(name: string): number[] {
    return this.byName.get(name) ?? this.reader.fail(`no group is called "${name}"`)
  }
}
