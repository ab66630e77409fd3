/**
 * The matcher for PCRE2 patterns: back-tracking over the instructions of program.ts, with its own stack. It is the reference for what a
 * pattern means, and what runs when the translation to RegExp does not apply.
 *
 * Every entry of the stack is four numbers. A way back, to go on elsewhere when everything since failed:
 *
 *   fork, code, position, –           greedy, code, position, least position       lazy, code, position, greatest position
 *
 * or a change to take back when going past it:
 *
 *   undo, register, old value, –
 *
 * The bound: as in PCRE2, a match is given up, and counts as none, after {@link Pcre2Pattern.matchLimit} tries (ten millions, unless the
 * pattern says less). A try is a way back laid or taken, which is near to what PCRE2 counts. As tries can be long, it is also given up after
 * {@link maxSteps} instructions, about half a second. A pattern that comes near a limit may be given up here and not in PCRE2, or the reverse.
 */
import type { Pcre2Pattern } from './ast.ts'
import { type CharSet, caseVariants } from './char-set.ts'
import { noLimit, op, type Program } from './program.ts'

const fork = 0
const greedy = 1
const lazy = 2
const undo = 3

/** Instructions of one match, whatever its starts. */
const maxSteps = 20_000_000

/** Entries that the stack may hold, 64 MB: a pattern and text that need more count as not matched. */
const maxEntries = 4_000_000

interface Call {
  group: number
  position: number
  returnTo: number
  registers: Int32Array
  outer: number
  /** Of the stack, before the call. */
  height: number
}

/** The text as numbers: bytes, or code points under `(*UTF)`. */
export type Codes = Uint8Array | Uint32Array

/** Starts and ends of the match (0, 1) and of the groups (2n, 2n+1), -1 where unset. */
export type Spans = Int32Array

export class Matcher {
  private readonly program: Program
  private readonly pattern: Pcre2Pattern
  private stack = new Int32Array(256)
  private calls: Call[] = []
  private steps = 0

  constructor(pattern: Pcre2Pattern, program: Program) {
    this.pattern = pattern
    this.program = program
  }

  /**
   * The first match in the text.
   *
   * @returns undefined when there is none, or the search was given up
   */
  match(codes: Codes): Spans | undefined {
    let tries = this.pattern.matchLimit
    this.steps = maxSteps
    for (let start = 0; start <= codes.length; start++) {
      const { highestRegister } = this.program
      const registers = new Int32Array(this.program.registers).fill(-1)
      this.calls = []
      tries = this.run(codes, start, registers, tries)
      if (tries < 0) return undefined
      if (registers[1] !== -1) return registers.subarray(0, 2 * Math.max(0, registers[highestRegister]!) + 2)
    }
    return undefined
  }

  /** Tries to match at `start`; registers 0 and 1 tell the result. Returns the tries left, less than 0 when it was given up. */
  private run(codes: Codes, start: number, registers: Int32Array, limit: number): number {
    const { code, sets, lists, entries, highestRegister, callRegister } = this.program
    const { refusesEmpty } = this.pattern
    const size = codes.length
    let { stack } = this
    let top = 0
    let tries = limit
    let pc = 0
    let at = start
    let { steps } = this

    const room = () => {
      if (top + 4 <= stack.length) return
      if (stack.length >= 4 * maxEntries) {
        tries = -1
        top = 0
        return
      }
      const larger = new Int32Array(stack.length * 2)
      larger.set(stack)
      this.stack = stack = larger
    }
    const push = (kind: number, a: number, b: number, c: number) => {
      room()
      stack[top] = kind
      stack[top + 1] = a
      stack[top + 2] = b
      stack[top + 3] = c
      top += 4
    }
    const write = (register: number, value: number) => {
      if (registers[register] === value) return
      push(undo, register, registers[register]!, 0)
      registers[register] = value
    }
    const takeBackTo = (height: number) => {
      while (top > height) {
        top -= 4
        if (stack[top] === undo) registers[stack[top + 1]!] = stack[top + 2]!
      }
    }
    const cutTo = (height: number) => {
      let to = height
      for (let from = height; from < top; from += 4) {
        if (stack[from] !== undo) continue
        stack.copyWithin(to, from, from + 4)
        to += 4
      }
      top = to
    }

    for (;;) {
      if (--steps < 0) return -1
      let failed = false
      switch (code[pc]) {
        case op.set:
          if (at < size && holds(sets[code[pc + 1]!]!, codes[at]!)) {
            at++
            pc += 2
          } else failed = true
          break
        case op.greedy:
        case op.possessive: {
          const set = sets[code[pc + 1]!]!
          const min = code[pc + 2]!
          const most = code[pc + 3] === noLimit ? size : Math.min(size, at + code[pc + 3]!)
          let to = at
          while (to < most && holds(set, codes[to]!)) to++
          if (to - at < min) failed = true
          else {
            if (code[pc] === op.greedy && to > at + min) {
              push(greedy, pc + 4, to, at + min)
              tries--
            }
            at = to
            pc += 4
          }
          break
        }
        case op.lazy: {
          const set = sets[code[pc + 1]!]!
          const least = at + code[pc + 2]!
          const most = code[pc + 3] === noLimit ? size : Math.min(size, at + code[pc + 3]!)
          while (at < least && at < size && holds(set, codes[at]!)) at++
          if (at < least) failed = true
          else {
            if (at < most) {
              push(lazy, pc, at, most)
              tries--
            }
            pc += 4
          }
          break
        }
        case op.fork:
          push(fork, code[pc + 1]!, at, 0)
          tries--
          pc += 2
          break
        case op.jump:
          pc = code[pc + 1]!
          break
        case op.keep:
          write(code[pc + 1]!, at)
          pc += 2
          break
        case op.restore:
          at = registers[code[pc + 1]!]!
          pc += 2
          break
        case op.assign:
          write(code[pc + 1]!, code[pc + 2]!)
          pc += 3
          break
        case op.count:
          write(code[pc + 1]!, registers[code[pc + 1]!]! + 1)
          pc += 2
          break
        case op.ifLess:
          pc = registers[code[pc + 1]!]! < code[pc + 2]! ? code[pc + 3]! : pc + 4
          break
        case op.ifHere:
          pc = registers[code[pc + 1]!] === at ? code[pc + 2]! : pc + 3
          break
        case op.close: {
          const group = code[pc + 1]!
          const call = this.calls[registers[callRegister]!]
          if (call?.group === group) {
            pc = this.leave(call, registers, write, call.registers[highestRegister]!)
          } else {
            write(2 * group, registers[code[pc + 2]!]!)
            write(2 * group + 1, at)
            if (group > registers[highestRegister]!) write(highestRegister, group)
            pc += 3
          }
          break
        }
        case op.height:
          write(code[pc + 1]!, top)
          pc += 2
          break
        case op.cut:
          cutTo(registers[code[pc + 1]!]!)
          pc += 2
          break
        case op.unwind:
          takeBackTo(registers[code[pc + 1]!]!)
          pc += 2
          break
        case op.back:
          if (at < code[pc + 1]!) failed = true
          else {
            at -= code[pc + 1]!
            pc += 2
          }
          break
        case op.reference:
        case op.caselessReference: {
          const to = this.afterReference(codes, at, registers, lists[code[pc + 1]!]!, code[pc] === op.caselessReference)
          if (to === undefined) failed = true
          else {
            at = to
            pc += 2
          }
          break
        }
        case op.call: {
          const group = code[pc + 1]!
          if (this.isEndless(group, at, registers[callRegister]!)) return -1
          this.calls.push({
            group,
            position: at,
            returnTo: pc + 2,
            registers: registers.slice(),
            outer: registers[callRegister]!,
            height: top,
          })
          write(callRegister, this.calls.length - 1)
          tries--
          pc = entries.get(group)!
          break
        }
        case op.unlessSet:
          pc = lists[code[pc + 1]!]!.some((group) => this.isSet(registers, group)) ? pc + 3 : code[pc + 2]!
          break
        case op.unlessCalled: {
          const called = this.calls[registers[callRegister]!]?.group
          const asked = lists[code[pc + 1]!]!
          pc = called !== undefined && (asked[0] === -1 || asked.includes(called)) ? pc + 3 : code[pc + 2]!
          break
        }
        case op.boundary: {
          const words = sets[code[pc + 1]!]!
          const before = at > 0 && holds(words, codes[at - 1]!)
          const after = at < size && holds(words, codes[at]!)
          if ((before !== after) === (code[pc + 2] === 1)) pc += 3
          else failed = true
          break
        }
        case op.atStart:
          if (at === 0) pc++
          else failed = true
          break
        case op.atEnd:
          if (at === size) pc++
          else failed = true
          break
        case op.atEndOrNewline:
          if (at === size || (at === size - 1 && codes[at] === 0x0a)) pc++
          else failed = true
          break
        case op.atLineStart:
          // Not behind a newline that ends the text.
          if (at === 0 || (at < size && codes[at - 1] === 0x0a)) pc++
          else failed = true
          break
        case op.atLineEnd:
          if (at === size || codes[at] === 0x0a) pc++
          else failed = true
          break
        case op.end: {
          const call = this.calls[registers[callRegister]!]
          if (call) {
            // The whole pattern called as a group is atomic, which other calls are not.
            cutTo(call.height)
            pc = this.leave(call, registers, write)
          } else if (refusesEmpty !== undefined && at === start && (refusesEmpty === 'anywhere' || start === 0))
            failed = true
          else {
            registers[0] = start
            registers[1] = at
            return tries
          }
          break
        }
        default:
          failed = true
      }

      while (failed) {
        if (top === 0) {
          this.steps = steps
          return tries
        }
        if (tries-- <= 0) return -1
        const entry = top - 4
        switch (stack[entry]) {
          case undo:
            tries++
            steps--
            registers[stack[entry + 1]!] = stack[entry + 2]!
            top = entry
            break
          case fork:
            pc = stack[entry + 1]!
            at = stack[entry + 2]!
            top = entry
            failed = false
            break
          case greedy:
            pc = stack[entry + 1]!
            at = --stack[entry + 2]!
            if (at === stack[entry + 3]) top = entry
            failed = false
            break
          default: {
            const from = stack[entry + 2]!
            if (holds(sets[code[stack[entry + 1]! + 1]!]!, codes[from]!)) {
              pc = stack[entry + 1]! + 4
              at = ++stack[entry + 2]!
              if (at === stack[entry + 3]) top = entry
              failed = false
            } else top = entry
          }
        }
      }
      if (tries < 0) return -1
    }
  }

  /**
   * Ends a call: the registers are again what they were before it. Only the groups up to the highest that was set then: those above are
   * left with what the call made of them, and come back to light when a still higher one is set.
   */
  private leave(
    call: Call,
    registers: Int32Array,
    write: (register: number, value: number) => void,
    highest = Number.POSITIVE_INFINITY,
  ): number {
    const { highestRegister } = this.program
    for (let i = 0; i < registers.length; i++) {
      if (i >= highestRegister || i < 2 * Math.max(0, highest) + 2) write(i, call.registers[i]!)
    }
    return call.returnTo
  }

  private isSet(registers: Int32Array, group: number): boolean {
    return group <= registers[this.program.highestRegister]! && registers[2 * group + 1] !== -1
  }

  /** Whether the group is already being called from the same position, for which PCRE2 gives the match up. */
  private isEndless(group: number, at: number, innermost: number): boolean {
    for (let i = innermost; i !== -1; i = this.calls[i]!.outer) {
      if (this.calls[i]!.group === group) return this.calls[i]!.position === at
    }
    return false
  }

  private afterReference(codes: Codes, at: number, registers: Int32Array, groups: number[], caseless: boolean) {
    const group = groups.find((one) => this.isSet(registers, one))
    if (group === undefined) return undefined
    let to = at
    for (let from = registers[2 * group]!; from < registers[2 * group + 1]!; from++, to++) {
      if (to >= codes.length) return undefined
      if (codes[from] === codes[to]) continue
      const { utf, foldsUnicode } = this.pattern
      if (!caseless || !caseVariants(codes[from]!, { utf, ucp: foldsUnicode }).includes(codes[to]!)) return undefined
    }
    return to
  }
}

function holds(set: CharSet, code: number): boolean {
  return code < 256 ? set.low[code] === 1 : set.high?.(code) === true
}
