/** What rules first tell events apart by: decoder, program and the first byte of the log. Looked up once for an event, whatever asks for it afterwards. */
import { flat } from '../../byte-text.ts'
import type { EngineEvent } from '../event.ts'

export interface Origin {
  readonly decoder: string | undefined
  readonly program: string | undefined
  /** Of the log; an empty one has {@link noByte} instead. */
  readonly byte: number
  /** Whether the next event of the same origin gets this very object. */
  readonly isKept: boolean
}

export const noByte = 256

/** Program names are attackers' text, so what is kept of them has an end. */
const maxOrigins = 2_000
/** Longer ones are rare. */
const longestKept = 128

export class Origins {
  private byDecoder = new Map<string | undefined, Map<string | undefined, Origin[]>>()
  private count = 0
  private readonly forgotten: () => void

  /** @param forgotten called when all that were kept give way to new ones */
  constructor(forgotten: () => void) {
    this.forgotten = forgotten
  }

  of({ decoder, program_name: program, log }: EngineEvent): Origin {
    const byte = log === '' ? noByte : log.charCodeAt(0) & 0xff
    const known = this.byDecoder.get(decoder?.name)?.get(program)
    if (known) for (let i = 0; i < known.length; i++) if (known[i]!.byte === byte) return known[i]!
    return this.added(decoder?.name, program, byte)
  }

  private added(decoder: string | undefined, program: string | undefined, byte: number): Origin {
    if (program !== undefined && program.length > longestKept) return { decoder, program, byte, isKept: false }
    if (++this.count > maxOrigins) {
      this.byDecoder = new Map()
      this.count = 1
      this.forgotten()
    }
    const origin: Origin = { decoder, program: program && flat(program), byte, isKept: true }
    let byProgram = this.byDecoder.get(decoder)
    if (!byProgram) this.byDecoder.set(decoder, (byProgram = new Map()))
    const byByte = byProgram.get(program)
    if (byByte) byByte.push(origin)
    else byProgram.set(origin.program, [origin])
    return origin
  }
}
