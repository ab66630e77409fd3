/** Dynamic fields by number: rules name some hundred of them, an event brings its own, and a look-up ignores case and takes the first. */
import type { EngineEvent } from '../event.ts'
import type { Shape } from '../shape.ts'

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

/** Position of each field that rules use among those of a shape. */
type Places = ReadonlyMap<number, number>

/** Shapes come from the events, so what is remembered of them has an end. */
const maxShapes = 5_000

/** Values of the event at hand. */
export class FieldValues {
  private readonly names: FieldNames
  private readonly byShape = new Map<Shape, Places>()
  private event: EngineEvent | undefined = undefined
  /** Of the event's shape; undefined until something is asked. */
  private places: Places | undefined = undefined

  constructor(names: FieldNames) {
    this.names = names
  }

  begin(event: EngineEvent): void {
    this.event = event
    this.places = undefined
  }

  end(): void {
    this.event = undefined
  }

  value(number: number): string | undefined {
    const event = this.event!
    const { shape } = event
    if (shape.size === 0) return undefined
    const places = (this.places ??= this.byShape.get(shape) ?? this.placesOf(shape))
    const place = places.get(number)
    return place === undefined ? undefined : event.values[place]
  }

  private placesOf({ names }: Shape): Places {
    const places = new Map<number, number>()
    for (const [place, name] of names.entries()) {
      const number = this.names.find(name)
      if (number !== undefined && !places.has(number)) places.set(number, place)
    }
    if (this.byShape.size >= maxShapes) this.byShape.clear()
    this.byShape.set(this.event!.shape, places)
    return places
  }
}
