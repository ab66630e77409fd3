/** Dynamic fields by number: rules name some hundred of them, an event brings its own, and a look-up ignores case and takes the first. */
import type { EngineEvent } from '../event.ts'

/** Names that rules use. */
export class FieldNames {
  private readonly numbers = new Map<string, number>()

  /** Number of a name, which is known from then on. */
  numberOf(name: string): number {
    const lower = name.toLowerCase()
    let number = this.numbers.get(lower)
    if (number === undefined) this.numbers.set(lower, (number = this.numbers.size))
    return number
  }

  /** Undefined for a name that no rule uses. */
  find(name: string): number | undefined {
    return this.numbers.get(name.toLowerCase())
  }

  get size(): number {
    return this.numbers.size
  }
}

/** Spellings that are kept in memory; names come from the events, so there is no end to them. */
const maxSpellings = 20_000

/** Values of the event at hand. */
export class FieldValues {
  private readonly names: FieldNames
  /** Number of a name as it is spelled in events; -1 when no rule uses it. */
  private readonly spelled = new Map<string, number>()
  private readonly values: (string | undefined)[]
  /** Numbers that have a value now. */
  private readonly present: number[] = []
  private event: EngineEvent | undefined = undefined
  private isFilled = false

  constructor(names: FieldNames) {
    this.names = names
    this.values = new Array<string | undefined>(names.size).fill(undefined)
  }

  begin(event: EngineEvent): void {
    this.event = event
    this.isFilled = false
  }

  end(): void {
    for (const number of this.present) this.values[number] = undefined
    this.present.length = 0
    this.event = undefined
  }

  value(number: number): string | undefined {
    if (!this.isFilled) this.fill()
    return this.values[number]
  }

  private fill(): void {
    this.isFilled = true
    const { names, values } = this.event!
    // Backwards, so that of several equal names the first stays.
    for (let i = names.length - 1; i >= 0; i--) {
      const number = this.numberOf(names[i]!)
      if (number < 0) continue
      this.values[number] = values[i]
      this.present.push(number)
    }
  }

  private numberOf(name: string): number {
    const known = this.spelled.get(name)
    if (known !== undefined) return known
    const number = this.names.find(name) ?? -1
    if (this.spelled.size >= maxSpellings) this.spelled.clear()
    this.spelled.set(name, number)
    return number
  }
}
