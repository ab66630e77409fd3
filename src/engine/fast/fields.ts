/** Dynamic fields by number: rules name some hundred of them, an event brings its own, and a look-up ignores case and takes the first. */
import type { EngineEvent } from '../event.ts'
import type { RuleFields, Shape } from '../shape.ts'

/** No number of a field. */
const free = -1

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
}

/** Values of the event at hand. */
export class FieldValues {
  private readonly names: FieldNames
  private event: EngineEvent | undefined = undefined

  constructor(names: FieldNames) {
    this.names = names
  }

  begin(event: EngineEvent): void {
    this.event = event
  }

  end(): void {
    this.event = undefined
  }

  value(number: number): string | undefined {
    const event = this.event!
    const { shape } = event
    if (shape.size === 0) return undefined
    const known = shape.ruleFields
    const { slots } = known?.owner === this.names ? known : this.find(shape)
    const mask = slots.length - 1
    for (let slot = (2 * number) & mask; ; slot = (slot + 2) & mask) {
      const there = slots[slot]!
      if (there === number) return event.values[slots[slot + 1]!]
      if (there === free) return undefined
    }
  }

  private find(shape: Shape): RuleFields {
    const places = new Map<number, number>()
    for (const [place, name] of shape.names.entries()) {
      const number = this.names.find(name)
      if (number !== undefined && !places.has(number)) places.set(number, place)
    }
    let size = 1
    while (size <= 2 * places.size) size *= 2
    const slots = Array.from({ length: 2 * size }, () => free)
    const mask = slots.length - 1
    for (const [number, place] of places) {
      let slot = (2 * number) & mask
      while (slots[slot] !== free) slot = (slot + 2) & mask
      slots[slot] = number
      slots[slot + 1] = place
    }
    return (shape.ruleFields = { owner: this.names, slots })
  }
}
