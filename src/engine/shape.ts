/**
 * The names of an event's dynamic fields, in their order. Events with the same names share one shape, so whatever depends on the names alone (where a
 * rule's field is, how `data` nests) is worked out once for it. It grows name by name, as hidden classes do:
 *
 * ```
 * ── integration ── aws.source ── aws.region      ◀ an event with three fields
 *                └─ github.action                 ◀ an event with two
 * ```
 */
import { type Pieces, piecesOf } from '../byte-text.ts'

/** Names come from the events, so what is remembered of them has an end; a long one counts as several. */
const maxShapes = 50_000
/** Of one shape; mostly there is one. */
const mostLayouts = 32
const weightOf = (name: string) => 1 + (name.length >> 6)

/** How `data` is printed, for one set of static fields. See fast/layout.ts. */
export interface Layout {
  /** A bit for each static field that it prints. */
  set: number
  /** Texts around the values: one more than there are values. */
  pieces: Pieces
  /** Where each value is: index of a static field, or `firstDynamic` and the position among the dynamic ones. */
  places: number[]
}

/** Which of the fields that rules use are here. See fast/fields.ts. */
export interface RuleFields {
  /** What numbers the names of a ruleset. */
  owner: object
  /**
   * Numbers of fields, each with its position behind it, in a table that is never more than half full: a number stands where its lowest bits say, or in
   * the next slot that is free (-1).
   */
  slots: readonly number[]
}

export class Shape {
  readonly size: number
  private readonly before: Shape | undefined
  private readonly name: string
  /** Most names are always followed by the same one. */
  private nextName: string | undefined = undefined
  private next: Shape | undefined = undefined
  private others: Map<string, Shape> | undefined = undefined
  private listed: readonly string[] | undefined = undefined
  private labelled: Pieces | undefined = undefined
  private hasChecks: boolean | undefined = undefined
  private places: Map<string, number> | undefined = undefined
  /** What the fast engine has worked out. It stands here because it is asked for with every event, and a look-up would cost more. */
  private layouts: Layout[] | undefined = undefined
  ruleFields: RuleFields | undefined = undefined

  constructor(before: Shape | undefined, name: string) {
    this.before = before
    this.name = name
    this.size = before ? before.size + 1 : 0
  }

  /** @param name kept for long, so not a piece of a log */
  with(name: string): Shape {
    if (name === this.nextName) return this.next!
    return this.others?.get(name) ?? this.added(name)
  }

  private added(name: string): Shape {
    const shape = new Shape(this, name)
    count += weightOf(name)
    if (count > maxShapes) {
      // The old ones live on in the events that have them.
      count = 0
      empty = new Shape(undefined, '')
      return shape
    }
    if (this.next === undefined) {
      this.nextName = name
      this.next = shape
    } else {
      this.others ??= new Map()
      this.others.set(name, shape)
    }
    return shape
  }

  /** Position of a name, in any case, among the names; -1 without it. Asked for names that rules use, so there is an end to what it keeps. */
  placeOf(name: string): number {
    if (this.size === 0) return -1
    let place = this.places?.get(name)
    if (place === undefined) {
      const wanted = name.toLowerCase()
      place = this.names.findIndex((candidate) => candidate.toLowerCase() === wanted)
      this.places ??= new Map()
      this.places.set(name, place)
    }
    return place
  }

  /** What static fields an event has is its own affair too, so each layout takes the room of a shape. */
  keepLayout(layout: Layout): void {
    this.layouts ??= []
    if (this.layouts.length === mostLayouts) this.layouts.shift()
    this.layouts.push(layout)
    count++
  }

  layoutFor(set: number): Layout | undefined {
    const { layouts } = this
    if (layouts) for (let i = 0; i < layouts.length; i++) if (layouts[i]!.set === set) return layouts[i]
    return undefined
  }

  /** What stands in front of each value in alerts.log. */
  get labels(): Pieces {
    if (this.labelled) return this.labelled
    for (const name of this.names) count += weightOf(name)
    return (this.labelled = piecesOf(this.names.map((name) => `\n${name}: `)))
  }

  /** Whether some field lies below `sca`: its compliance lists go to the rule. */
  get holdsChecks(): boolean {
    return (this.hasChecks ??= this.names.some((name) => /^sca\../is.test(name)))
  }

  get names(): readonly string[] {
    if (this.listed) return this.listed
    const names = new Array<string>(this.size)
    let shape: Shape = this
    for (let i = this.size - 1; i >= 0; i--) {
      names[i] = shape.name
      shape = shape.before!
    }
    // A list takes the room of some shapes.
    count += this.size >> 3
    return (this.listed = names)
  }
}

let count = 0
let empty = new Shape(undefined, '')

/** Without any name. */
export const emptyShape = (): Shape => empty
