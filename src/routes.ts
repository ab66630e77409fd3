/**
 * Which destinations an alert goes to, and the reason. Pure: no clock, no files.
 *
 * A destination's conditions are asked in Wazuh's order (event_location, level, group, rule_id; integratord knows no others), then `where:` and
 * `except:`. All must hold. spec/integratord.md section 5; where integratord crashes (a `rule.id` or a group that is a number) we read on.
 */
import { type Alert, toBytes } from './alert.ts'
import type { Destination, IntegrationBlock, Place } from './config.ts'
import { compilePattern } from './engine/patterns/index.ts'
import { compileExpression, ExpressionError } from './expression.ts'
import type { Problem } from './problem.ts'

/** Whether an alert goes to a destination, and the sentence that says why. `failed`: a condition could not be worked out. */
export interface Verdict {
  sent: boolean
  reason: string
  failed?: boolean
}

export interface Route {
  /** The same answer as {@link explain}, without the sentence: this is asked for every alert. */
  matches(alert: Alert): boolean
  explain(alert: Alert): Verdict
  /** Whether it ends the incident of its group (`resolve_on`); then it is not sent by itself. */
  ends(alert: Alert): boolean
}

type Filter = Pick<IntegrationBlock, 'level' | 'rule_id' | 'group' | 'event_location'>

/** One condition; undefined means it holds, a text why it does not. */
interface Condition {
  holds(alert: Alert): boolean
  why(alert: Alert): Omit<Verdict, 'sent'>
  /** What it asks for, for the sentence of an alert that passes. */
  name: string
}

/**
 * Compiles the conditions of one destination.
 *
 * @returns the problems found; the route is undefined when one is an error, since a destination whose filter is not understood must not get everything
 */
export function compileRoute(
  destination: Pick<Destination, 'filter' | 'where' | 'except' | 'resolve_on' | 'place' | 'name'>,
): { route: Route; problems: Problem[] } | { route: undefined; problems: Problem[] } {
  const { filter, where, except, place } = destination
  const problems: Problem[] = []
  const conditions = filterConditions(filter, place, problems)
  for (const [name, source] of [
    ['where', where],
    ['except', except],
  ] as const) {
    if (source === undefined) continue
    const condition = expressionCondition(name, source, destination, problems)
    if (condition) conditions.push(condition)
  }
  const { resolve_on } = destination
  const end =
    resolve_on === undefined ? undefined : expressionCondition('resolve_on', resolve_on, destination, problems)
  return problems.some(({ severity }) => severity === 'error')
    ? { route: undefined, problems }
    : { route: routeOf(conditions, end), problems }
}

function routeOf(conditions: Condition[], end: Condition | undefined): Route {
  const ends = (alert: Alert) => end !== undefined && isAlert(alert) && end.holds(alert)
  const holding =
    conditions.length === 0 ? 'no filter is set' : `all hold: ${conditions.map(({ name }) => name).join(', ')}`
  return {
    ends,
    matches: (alert) => isAlert(alert) && !ends(alert) && conditions.every((condition) => condition.holds(alert)),
    explain(alert) {
      if (!isAlert(alert)) return { sent: false, reason: 'the alert has no rule' }
      if (ends(alert)) return { sent: false, reason: `${end!.name}: it ends the incident of its group` }
      const failing = conditions.find((condition) => !condition.holds(alert))
      return failing ? { sent: false, ...failing.why(alert) } : { sent: true, reason: holding }
    },
  }
}

function isAlert(alert: Alert): boolean {
  return typeof alert === 'object' && alert !== null && typeof alert.rule === 'object' && alert.rule !== null
}

// ----------------------------------------------------------------------------------------------------- the filters of <integration>

function filterConditions(filter: Filter, place: Place, problems: Problem[]): Condition[] {
  const conditions: Condition[] = []
  const { event_location, level, group, rule_id } = filter

  if (event_location !== undefined) {
    const { pattern, error } = compilePattern('osmatch', toBytes(event_location))
    if (pattern)
      conditions.push({
        name: `event_location "${event_location}"`,
        holds: ({ location }) => typeof location === 'string' && pattern.test(toBytes(location)),
        why: ({ location }) => ({
          reason:
            typeof location === 'string'
              ? `location "${location}" does not match event_location "${event_location}"`
              : 'it has no location, and event_location is set',
        }),
      })
    else
      problems.push({
        severity: 'error',
        ...place,
        message: `event_location: ${error.message}`,
        wazuh: 'the manager does not start',
      })
  }

  if (level > 0)
    conditions.push({
      name: `level >= ${level}`,
      holds: ({ rule }) => rule.level !== undefined && levelOf(rule.level) >= level,
      why: ({ rule }) => ({
        reason: rule.level === undefined ? 'it has no level' : `level ${levelOf(rule.level)} is below ${level}`,
      }),
    })

  if (group !== undefined) {
    // Not trimmed: `syslog, sshd` asks for ` sshd`.
    const wanted = new Set(group.split(','))
    conditions.push({
      name: `group "${group}"`,
      holds: ({ rule }) => Array.isArray(rule.groups) && rule.groups.some((one) => wanted.has(one)),
      why: ({ rule }) => ({
        reason: `none of its groups (${Array.isArray(rule.groups) ? rule.groups.join(', ') : 'it has none'}) is in "${group}"${
          / /.test(group) ? '; blanks in the list count' : ''
        }`,
      }),
    })
  }

  if (rule_id !== undefined) {
    const wanted = new Set(rule_id)
    conditions.push({
      name: `rule_id ${rule_id.join(',')}`,
      holds: ({ rule }) => rule.id !== undefined && wanted.has(atoi(rule.id)),
      why: ({ rule }) => ({
        reason:
          rule_id.length === 0
            ? 'rule_id is 0, which no rule has'
            : `rule ${rule.id} is not in rule_id ${rule_id.join(',')}`,
      }),
    })
  }
  return conditions
}

/** cJSON's valueint: a level that is a text counts as 0, a fraction is cut off. */
function levelOf(level: unknown): number {
  return typeof level === 'number' ? Math.trunc(level) : 0
}

/** atoi(3), as far as ids go. */
function atoi(text: unknown): number {
  return Number.parseInt(String(text), 10) || 0
}

// ------------------------------------------------------------------------------------------------------------------ expressions

function expressionCondition(
  name: 'where' | 'except' | 'resolve_on',
  source: string,
  { place, name: destination }: Pick<Destination, 'place' | 'name'>,
  problems: Problem[],
): Condition | undefined {
  try {
    const expression = compileExpression(source)
    // An exception that cannot be worked out does not apply: better one alert too many than one too few.
    const wanted = name !== 'except'
    return {
      name: `${name} ${source}`,
      holds: (alert) => (expression.test(alert) === true) === wanted,
      why(alert) {
        const result = expression.test(alert)
        if (typeof result === 'string')
          return { reason: `${name} cannot be worked out for it: ${result} (${source})`, failed: true }
        return { reason: wanted ? `${name} does not hold: ${source}` : `except holds: ${source}` }
      },
    }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    problems.push({
      severity: 'error',
      ...place,
      message: `destinations.${destination}.${name}: ${error.message} (column ${error.column})`,
      hint: error.hint,
    })
    return undefined
  }
}
