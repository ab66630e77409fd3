/** Which top-level decoders are worth trying, in their order. */
import { flat } from '../../byte-text.ts'
import { prematchGate, screenOf } from './gates.ts'
import type { Root } from './tree.ts'

/** Program names come from outside, and may be as long as a log, so what is remembered of them is bounded. */
const maxPrograms = 10_000
const longestProgram = 128

/** To be tried in this order. */
export interface Row {
  readonly roots: readonly Root[]
  readonly screen: string
}

export class Candidates {
  private readonly withProgram: readonly Root[]
  private readonly withoutProgram: readonly Root[]
  private readonly byProgram = new Map<string, Row>()
  private readonly byFirst: (Row | undefined)[] = new Array(256).fill(undefined)

  constructor(withProgram: readonly Root[], withoutProgram: readonly Root[]) {
    this.withProgram = withProgram
    this.withoutProgram = withoutProgram
  }

  /** Those whose `<program_name>` matches: that depends on nothing else. */
  forProgram(program: string): Row {
    const known = this.byProgram.get(program)
    if (known) return known
    const found = rowOf(this.withProgram.filter((root) => root.program!.test(program)))
    if (program.length > longestProgram) return found
    if (this.byProgram.size >= maxPrograms) this.byProgram.clear()
    this.byProgram.set(flat(program), found)
    return found
  }

  /** Those whose prematch can begin with the first byte of the log. */
  forLog(log: string): Row {
    // Nothing is known about how patterns deal with an empty text.
    if (log === '') return { roots: this.withoutProgram, screen: '' }
    const byte = log.charCodeAt(0)
    const code = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
    return (this.byFirst[code] ??= rowOf(this.withoutProgram.filter((root) => prematchGate(root).first?.[code] !== 0)))
  }
}

function rowOf(roots: readonly Root[]): Row {
  return { roots, screen: screenOf(roots.map((root) => (root.prematch ? prematchGate(root) : undefined))) }
}
