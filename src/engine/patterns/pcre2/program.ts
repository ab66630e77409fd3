/**
 * From the tree of a pattern to instructions for the matcher in vm.ts.
 *
 * Code is an array of numbers: an operation and its operands. All that a match changes and may have to take back lives in registers:
 *
 *   0 … 2·groups+1     starts and ends of the groups, -1 while unset (0 and 1: the match)
 *   2·groups+2         the highest group that is set; those above are not, whatever stands in their registers
 *   2·groups+3         the call in progress, -1 outside of calls
 *   then               what loops, groups and look-arounds keep
 */
import type { Look, Node, Pcre2Pattern, Repeat } from './ast.ts'
import { isNullable } from './ast.ts'
import type { CharSet } from './char-set.ts'
import { behindBranches, groupBodies } from './lengths.ts'

/** Operations; operands in brackets. A plain object, since `enum` leaves code behind. */
export const op = {
  /** The pattern, or the whole of it called as a group, is done. */
  end: 0,
  /** [set] one character. */
  set: 1,
  /** [set, min, max] a run of a set, as long as can be, giving back one by one. */
  greedy: 2,
  /** [set, min, max] as short as can be, taking one by one. */
  lazy: 3,
  /** [set, min, max] as long as can be, giving nothing back. */
  possessive: 4,
  /** [target] goes on, and should that fail, goes on at the target. */
  fork: 5,
  /** [target] */
  jump: 6,
  /** [register] the position into a register. */
  keep: 7,
  /** [register] the position out of a register. */
  restore: 8,
  /** [register, value] */
  assign: 9,
  /** [register] adds one. */
  count: 10,
  /** [register, value, target] jumps when the register is less. */
  ifLess: 11,
  /** [register, target] jumps when the position is the one in the register. */
  ifHere: 12,
  /** [group, register] the end of a group that began where the register says. A call of the group returns. */
  close: 13,
  /** [register] the height of the stack into a register. */
  height: 14,
  /** [register] forgets all ways back since then, but not what to take back. */
  cut: 15,
  /** [register] takes back everything since then. */
  unwind: 16,
  /** [count] steps back; fails at the start. */
  back: 17,
  /** [list] the text of the first group of the list that is set. */
  reference: 18,
  /** [list] the same, whatever the case. */
  caselessReference: 19,
  /** [group] */
  call: 20,
  /** [list, target] jumps when no group of the list is set. */
  unlessSet: 21,
  /** [list, target] jumps when no group of the list is being called. */
  unlessCalled: 22,
  /** [set, wanted] whether the characters on both sides differ in being in the set. */
  boundary: 23,
  atStart: 24,
  atEnd: 25,
  atEndOrNewline: 26,
  atLineStart: 27,
  atLineEnd: 28,
  fail: 29,
} as const

const placeOps = {
  start: op.atStart,
  end: op.atEnd,
  endOrNewline: op.atEndOrNewline,
  lineStart: op.atLineStart,
  lineEnd: op.atLineEnd,
}

export interface Program {
  code: Int32Array
  sets: CharSet[]
  lists: number[][]
  registers: number
  highestRegister: number
  callRegister: number
  /** Where each group begins, by number; 0 is the whole. */
  entries: Map<number, number>
}

/** Repeats without an upper limit count no further than this. */
export const noLimit = 0x7fffffff

/** Compiles the tree of a pattern. */
export function compileProgram(pattern: Pcre2Pattern): Program {
  const compiler = new Compiler(pattern)
  compiler.emit(pattern.root)
  compiler.add(op.end)
  return compiler.finish()
}

class Compiler {
  private readonly code: number[] = []
  private readonly sets: CharSet[] = []
  private readonly lists: number[][] = []
  private readonly entries = new Map([[0, 0]])
  private readonly bodies: Map<number, Node>
  private readonly highestRegister: number
  private readonly callRegister: number
  private registers: number

  constructor({ root, groups }: Pcre2Pattern) {
    this.bodies = groupBodies(root)
    this.highestRegister = 2 * groups + 2
    this.callRegister = 2 * groups + 3
    this.registers = this.callRegister + 1
  }

  finish(): Program {
    const { sets, lists, registers, highestRegister, callRegister, entries } = this
    return { code: Int32Array.from(this.code), sets, lists, registers, highestRegister, callRegister, entries }
  }

  /** Adds an instruction; returns where its last operand stands, for {@link aim}. */
  add(...words: number[]): number {
    this.code.push(...words)
    return this.code.length - 1
  }

  private get here(): number {
    return this.code.length
  }

  /** Lets a jump whose target was left open lead to the next instruction. */
  private aim(operand: number): void {
    this.code[operand] = this.here
  }

  private register(): number {
    return this.registers++
  }

  private setIndex(set: CharSet): number {
    return this.sets.push(set) - 1
  }

  private listIndex(groups: number[]): number {
    return this.lists.push(groups) - 1
  }

  emit(node: Node): void {
    switch (node.kind) {
      case 'set':
        this.add(op.set, this.setIndex(node.set))
        return
      case 'sequence':
        for (const item of node.items) this.emit(item)
        return
      case 'choice':
        this.emitBranches(node.branches.map((branch) => () => this.emit(branch)))
        return
      case 'capture': {
        const began = this.register()
        if (!this.entries.has(node.group)) this.entries.set(node.group, this.here)
        this.add(op.keep, began)
        this.emit(node.body)
        this.add(op.close, node.group, began)
        return
      }
      case 'atomic':
        this.emitAtomic(() => this.emit(node.body))
        return
      case 'repeat':
        this.emitRepeat(node)
        return
      case 'look':
        this.emitLook(node)
        return
      case 'backReference':
        this.add(node.caseless ? op.caselessReference : op.reference, this.listIndex(node.groups))
        return
      case 'call':
        this.add(op.call, node.group)
        return
      case 'condition':
        this.emitCondition(node)
        return
      case 'place':
        this.add(placeOps[node.place])
        return
      case 'wordBoundary':
        this.add(op.boundary, this.setIndex(node.words), node.negative ? 0 : 1)
        return
      case 'fail':
        this.add(op.fail)
    }
  }

  private emitBranches(branches: (() => void)[]): void {
    const toEnd: number[] = []
    for (const [i, emit] of branches.entries()) {
      if (i === branches.length - 1) emit()
      else {
        const next = this.add(op.fork, 0)
        emit()
        toEnd.push(this.add(op.jump, 0))
        this.aim(next)
      }
    }
    for (const operand of toEnd) this.aim(operand)
  }

  private emitAtomic(emit: () => void): void {
    const height = this.register()
    this.add(op.height, height)
    emit()
    this.add(op.cut, height)
  }

  private emitRepeat({ body, min, max, mode }: Repeat): void {
    const limit = max === Number.POSITIVE_INFINITY ? noLimit : max
    if (body.kind === 'set') this.add(op[mode], this.setIndex(body.set), min, limit)
    else if (limit === 0) {
      // Never entered from here, but its groups can be called.
      const over = this.add(op.jump, 0)
      this.emit(body)
      this.aim(over)
    } else if (mode === 'possessive') this.emitAtomic(() => this.emitLoop(body, min, limit, true))
    else this.emitLoop(body, min, limit, mode === 'greedy')
  }

  /**
   * A loop. PCRE2 writes the body out as often as it must come and lets only a repeat without limit, once it took nothing, go on behind the
   * loop; so an empty pass counts, and sets its groups.
   */
  private emitLoop(body: Node, min: number, limit: number, greedy: boolean): void {
    if (min === 0 && limit === 1) {
      const never: number[] = []
      if (greedy) never.push(this.add(op.fork, 0))
      else {
        const intoBody = this.add(op.fork, 0)
        never.push(this.add(op.jump, 0))
        this.aim(intoBody)
      }
      this.emit(body)
      for (const operand of never) this.aim(operand)
      return
    }
    const passes = this.register()
    const began = this.register()
    this.add(op.assign, passes, 0)
    const top = this.here
    const leave: number[] = []
    const straightIn = min > 0 ? this.add(op.ifLess, passes, min, 0) : undefined
    let notYet: number | undefined
    if (limit !== noLimit) {
      notYet = this.add(op.ifLess, passes, limit, 0)
      leave.push(this.add(op.jump, 0))
      this.aim(notYet)
    }
    if (greedy) leave.push(this.add(op.fork, 0))
    else {
      const intoBody = this.add(op.fork, 0)
      leave.push(this.add(op.jump, 0))
      this.aim(intoBody)
    }
    if (straightIn !== undefined) this.aim(straightIn)
    const checksEmpty = limit === noLimit && isNullable(body)
    if (checksEmpty) this.add(op.keep, began)
    this.emit(body)
    this.add(op.count, passes)
    if (checksEmpty) {
      const tooFew = min > 1 ? this.add(op.ifLess, passes, min, 0) : undefined
      leave.push(this.add(op.ifHere, began, 0))
      if (tooFew !== undefined) this.aim(tooFew)
    }
    this.add(op.jump, top)
    for (const operand of leave) this.aim(operand)
  }

  /** Emits the body of a look-around, with `height` and `position` remembered before it. */
  private emitLookBody({ behind, body }: Look): void {
    if (!behind) {
      this.emit(body)
      return
    }
    const branches = behindBranches(body, this.bodies) ?? []
    this.emitBranches(
      branches.map(({ branch, length }) => () => {
        if (length > 0) this.add(op.back, length)
        this.emit(branch)
      }),
    )
  }

  private emitLook(look: Look): void {
    const [height, position] = [this.register(), this.register()]
    this.add(op.height, height)
    this.add(op.keep, position)
    if (look.negative) {
      const held = this.add(op.fork, 0)
      this.emitLookBody(look)
      this.add(op.unwind, height)
      this.add(op.fail)
      this.aim(held)
    } else {
      this.emitLookBody(look)
      this.add(op.cut, height)
      this.add(op.restore, position)
    }
  }

  private emitCondition({ test, yes, no }: Extract<Node, { kind: 'condition' }>): void {
    let toNo: number | undefined
    if (test.kind === 'look') {
      const { look } = test
      const [height, position] = [this.register(), this.register()]
      this.add(op.height, height)
      this.add(op.keep, position)
      const failed = this.add(op.fork, 0)
      this.emitLookBody(look)
      this.add(op.restore, position)
      this.add(look.negative ? op.unwind : op.cut, height)
      if (look.negative) {
        toNo = this.add(op.jump, 0)
        this.aim(failed)
      } else toNo = failed
    } else if (test.kind === 'constant') {
      if (!test.value) toNo = this.add(op.jump, 0)
    } else {
      const operation = test.kind === 'groups' ? op.unlessSet : op.unlessCalled
      toNo = this.add(operation, this.listIndex(test.groups), 0)
    }
    this.emit(yes)
    const toEnd = this.add(op.jump, 0)
    if (toNo !== undefined) this.aim(toNo)
    if (no) this.emit(no)
    this.aim(toEnd)
  }
}
