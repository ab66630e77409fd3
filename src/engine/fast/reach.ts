/**
 * Candidates that are left to be tried, with a look in front of each that costs less than to touch it: most wait in memory that was not used for a while,
 * and to fetch a rule, its conditions and their patterns takes ten times as long as to turn it away.
 *
 * ```
 * 17 candidates ──fields that the event has (once a shape)──▶ 9 ──pairs of bytes in the log──▶ 2 to be tried
 * ```
 *
 * Valid because a condition on a field that is not there fails, negated or not, and because of a log without a pair of neighbouring bytes no pattern that
 * needs them can be said to match (decoding/gates.ts).
 */
import { screenOf } from '../decoding/gates.ts'
import type { EngineEvent } from '../event.ts'
import type { Shape } from '../shape.ts'
import { type ConditionTable, fieldOf } from './conditions.ts'
import type { FastNode } from './dispatch.ts'
import type { FieldValues } from './fields.ts'

export interface Reach {
  readonly nodes: readonly FastNode[]
  /** What the log must hold for one node after the other. See decoding/gates.ts. */
  readonly screen: string
}

/** Names of fields come from outside. */
export const mostShapes = 200

/** The candidates of one choice, by the shapes of the events that come to it. */
export class Reaches {
  private readonly nodes: readonly FastNode[]
  private readonly table: ConditionTable
  private readonly hasFields: boolean
  private readonly byShape = new Map<Shape | undefined, Reach>()
  /** What comes is mostly what came the last time. */
  private last: Reach | undefined = undefined
  private lastShape: Shape | undefined = undefined

  constructor(nodes: readonly FastNode[], table: ConditionTable) {
    this.nodes = nodes
    this.table = table
    this.hasFields = nodes.some(({ checks }) => checks.some((check) => this.fieldOf(check) !== undefined))
  }

  of(event: EngineEvent, fields: FieldValues): Reach {
    const shape = this.hasFields ? event.shape : undefined
    if (this.last && this.lastShape === shape) return this.last
    let reach = this.byShape.get(shape)
    if (!reach) {
      if (this.byShape.size >= mostShapes) this.byShape.clear()
      const nodes = shape ? this.nodes.filter((node) => this.hasAllFields(node, fields)) : this.nodes
      this.table.remember()
      this.byShape.set(shape, (reach = { nodes, screen: screenFor(nodes, this.table) }))
    }
    this.lastShape = shape
    return (this.last = reach)
  }

  private hasAllFields({ checks }: FastNode, fields: FieldValues): boolean {
    return checks.every((check) => {
      const field = this.fieldOf(check)
      return field === undefined || fields.value(field) !== undefined
    })
  }

  private fieldOf(check: number): number | undefined {
    return fieldOf(this.table.conditions[check < 0 ? ~check : check]!)
  }
}

function screenFor(nodes: readonly FastNode[], { conditions }: ConditionTable): string {
  return screenOf(
    nodes.map(({ checks }) => {
      const check = checks.find((one) => one >= 0 && conditions[one]!.gate?.pairs)
      return check === undefined ? undefined : conditions[check]!.gate
    }),
  )
}
