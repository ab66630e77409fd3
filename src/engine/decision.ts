/** What became of an event. Texts are made when they are asked for: most events raise no alert, and the writer alone knows an alert's number. */
import { ByteText } from '../byte-text.ts'
import type { AlertParts, AlertPrinter, RuleOutput } from './alert-parts.ts'
import type { EngineEvent } from './event.ts'
import type { DecidedRule, Decision } from './index.ts'
import type { Stamp } from './local-time.ts'
import { describeEvent } from './rules/description.ts'
import type { Tried, Walk } from './rules/search.ts'

/** For a text that is asked for by itself. */
const line = new ByteText()

export class EngineDecision implements Decision {
  readonly analysed: boolean
  readonly alert: boolean
  readonly respond: boolean
  readonly event: EngineEvent
  private readonly walk: Walk
  private readonly output: RuleOutput | undefined
  private readonly stamp: Stamp
  private readonly printer: AlertPrinter
  private described: string | undefined = undefined

  constructor(
    walk: Walk,
    output: RuleOutput | undefined,
    stamp: Stamp,
    printer: AlertPrinter,
    outcome: 'dropped' | 'nothing' | 'alert' | 'respond' | 'alert, respond',
  ) {
    this.analysed = outcome !== 'dropped'
    this.alert = outcome === 'alert' || outcome === 'alert, respond'
    this.respond = outcome === 'respond' || outcome === 'alert, respond'
    this.event = walk.current.event
    this.walk = walk
    this.output = output
    this.stamp = stamp
    this.printer = printer
  }

  get rule(): DecidedRule | undefined {
    const { output } = this
    if (!output) return undefined
    const { id, level, group } = output.rule
    return {
      id,
      level,
      description: this.description(),
      group,
      mail: output.flags.mail,
      no_ar: output.no_ar,
      firedtimes: this.walk.firedtimes,
    }
  }

  get previous(): readonly string[] {
    return this.walk.notes
  }

  get warnings(): readonly string[] {
    return this.output?.warnings ?? []
  }

  get rules_debug(): string[] | undefined {
    return this.walk.debug
  }

  get tried(): Tried[] | undefined {
    return this.walk.tried
  }

  json(offset: number): string {
    line.clear()
    this.addJson(line, offset)
    return line.toString()
  }

  text(offset: number): string {
    line.clear()
    this.addText(line, offset)
    return line.toString()
  }

  addJson(to: ByteText, offset: number): void {
    this.printer.addJson(to, this.parts(), offset)
  }

  addText(to: ByteText, offset: number): void {
    this.printer.addText(to, this.parts(), offset)
  }

  private parts(): AlertParts {
    const { event, output, walk, stamp } = this
    return { event, output, description: this.description(), firedtimes: walk.firedtimes, walk, stamp }
  }

  private description(): string {
    const { output } = this
    if (!output) return ''
    return (this.described ??= describeEvent(output.rule.description, output.description, this.event))
  }
}
