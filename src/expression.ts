/**
 * `where:` and `except:`: one condition in CEL (https://cel.dev) over the fields of an alert, compiled once.
 *
 * CEL calls a missing field an error. Alerts miss fields all the time, and `data.srcip != "10.0.0.1"` must not drop every alert without an address,
 * so here **a missing field is null**: unequal to every text, in no list, smaller and larger than nothing, and `contains`, `startsWith`, `endsWith`
 * and `matches` of it are false; `has(f)` is `f != null`. Missing lists are empty. What still fails (`int()` of a missing or odd text) makes the
 * whole condition not hold, and {@link Expression.test} says why.
 *
 * It works by handing CEL just the fields that the expression names, the missing ones as null. That is also what makes it fast: nothing is copied
 * but those.
 */
import { BlockList, isIP } from 'node:net'
import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import type { Alert } from './alert.ts'
import { isBetween, isZone, parseClock, wallClock, weekdays } from './clock.ts'
// For what it does to all regular expressions: `matches` is asked about logs that a stranger writes. Those with look-arounds or back-references have no such bound.
import './engine/patterns/linear.ts'

/** The expression does not compile. `column` counts from 1; `hint` says how to mend it. */
export class ExpressionError extends Error {
  override name = 'ExpressionError'
  column: number
  hint: string | undefined
  constructor(message: string, column: number, hint?: string) {
    super(message)
    this.column = column
    this.hint = hint
  }
}

export interface Expression {
  readonly source: string
  /** Whether it holds; a text says why it could not be told (then it does not hold). */
  test(alert: Alert): boolean | string
}

/** Root fields of alerts of Wazuh and OSSEC (spec/alerts.md). Others are reached as `alert["name"]`. */
const roots =
  `alert timestamp rule agent manager id cluster previous_output full_log syscheck predecoder decoder previous_log data location agentless
  integration virustotal GeoLocation program_name srcip srcport srcuser dstip dstport dstuser protocol action status url command hostname`.split(
    /\s+/,
  )

const guide =
  'comparisons, &&, ||, !, in, has(), size(), contains, startsWith, endsWith, matches, in_network, is_private, between, weekday'

/** What an expression names of the alert: a tree of fields. */
interface Field {
  /** Used as it is, not only on the way to a field below. */
  whole: boolean
  /** The argument of has(). */
  asked: boolean
  /** Iterated over: missing means empty. */
  list: boolean
  below: Map<string, Field>
}

/**
 * @throws ExpressionError for a syntax error, an unknown root field or function, a result that is not true or false, a comparison that can never hold
 *   (`rule.id == 5710`: ids and decoded fields are text), an impossible network, time, zone or regular expression
 */
export function compileExpression(source: string): Expression {
  const { ast } = attempt(source, () => environment.parse(source))
  const tree: Field = { whole: false, asked: false, list: false, below: new Map() }
  const renamed: number[] = []
  visit(ast, new Set(), { tree, renamed })
  for (const root of tree.below.values()) forbidMixed(root, ast)

  // has() cannot be redefined, and its own meaning (the field is there, be it null) does not fit: `present` takes its place.
  let text = source
  for (const at of renamed.sort((a, b) => b - a)) text = `${text.slice(0, at)}present${text.slice(at + 3)}`
  const run = environment.parse(text)
  const verdict = run.check()
  if (!verdict.valid) throw explain(source, verdict.error, renamed)
  if (verdict.type !== 'bool' && verdict.type !== 'dyn')
    throw new ExpressionError(
      `the expression gives a ${verdict.type}, not true or false`,
      1,
      'compare it with something, for example rule.level >= 10',
    )
  const alertRoot = tree.below.get('alert')

  return {
    source,
    test(alert) {
      const context: Record<string, unknown> = {}
      for (const [name, field] of tree.below) if (name !== 'alert') context[name] = pick(alert[name], field)
      if (alertRoot) context.alert = pick(alert, alertRoot)
      try {
        const result: unknown = run(context)
        if (typeof result === 'boolean') return result
        return result === null ? false : `gives ${JSON.stringify(result)}, not true or false`
      } catch (error) {
        return (error as { summary?: string }).summary ?? (error as Error).message
      }
    },
  }
}

/** Only what the expression names, with null (or an empty list) for what is not there. */
function pick(value: unknown, field: Field): unknown {
  if (value === undefined || value === null) {
    // After has() said no, what stands below is not looked at.
    if (field.below.size === 0 || field.asked) return field.list ? [] : null
    value = {}
  }
  if (field.below.size === 0) return value
  // `data.x.y` where data.x is a text: y is missing.
  const from = (typeof value === 'object' && !Array.isArray(value) ? value : {}) as Record<string, unknown>
  const picked: Record<string, unknown> = {}
  for (const [name, below] of field.below)
    picked[name] = pick(Object.hasOwn(from, name) ? from[name] : undefined, below)
  return picked
}

// ------------------------------------------------------------------------------------------------------- reading the expression

interface Visit {
  tree: Field
  /** Where the name `has` stands in the source. */
  renamed: number[]
}

const macros = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

/** Notes every field that is named; `bound` are the names of iteration variables. */
function visit(node: ASTNode, bound: Set<string>, into: Visit): void {
  if (named(node, bound, into, (field) => (field.whole = true))) return
  switch (node.op) {
    case 'call': {
      const [name, args] = node.args
      if (name === 'has' && args.length === 1 && named(args[0]!, bound, into, (field) => (field.asked = true))) {
        into.renamed.push(node.start)
        return
      }
      checkCall(name, args)
      for (const arg of args) visit(arg, bound, into)
      return
    }
    case 'rcall': {
      const [name, receiver, args] = node.args
      if (name === 'matches') checkRegex(args[0])
      const variable = args[0]
      if (macros.has(name) && variable?.op === 'id') {
        if (!named(receiver, bound, into, (field) => (field.list = true))) visit(receiver, bound, into)
        const inner = new Set(bound).add(variable.args)
        for (const arg of args.slice(1)) visit(arg, inner, into)
        return
      }
      visit(receiver, bound, into)
      for (const arg of args) visit(arg, bound, into)
      return
    }
    case '.':
    case '.?':
      visit(node.args[0], bound, into)
      return
    case '!_':
    case '-_':
      visit(node.args, bound, into)
      return
    case 'map':
      for (const [key, value] of node.args) {
        visit(key, bound, into)
        visit(value, bound, into)
      }
      return
    case 'id':
    case 'value':
      return
    default: {
      if (comparisons.has(node.op)) checkComparison(node)
      if (Array.isArray(node.args)) for (const arg of node.args as ASTNode[]) visit(arg, bound, into)
    }
  }
}

/** Enters a path such as `data.win["event-data"]` into the tree; false when the node is none. */
function named(node: ASTNode, bound: Set<string>, { tree }: Visit, mark: (field: Field) => void): boolean {
  const path = pathOf(node, bound)
  if (!path) return false
  let field = tree
  for (const name of path) {
    let below = field.below.get(name)
    if (!below) field.below.set(name, (below = { whole: false, asked: false, list: false, below: new Map() }))
    field = below
  }
  mark(field)
  return true
}

function pathOf(node: ASTNode, bound: Set<string>): string[] | undefined {
  if (node.op === 'id') return bound.has(node.args) || !roots.includes(node.args) ? undefined : [node.args]
  if (node.op === '.') return pathOf(node.args[0], bound)?.concat(node.args[1])
  if (node.op === '[]') {
    const [left, right] = node.args
    if (right.op === 'value' && typeof right.args === 'string') return pathOf(left, bound)?.concat(right.args)
  }
  return undefined
}

// `"srcip" in data` asks a copy of data in which data.srcip, when it is missing, stands as null.
function forbidMixed(field: Field, ast: ASTNode): void {
  if ((field.whole || field.list) && field.below.size > 0) {
    const [name] = field.below.keys()
    throw new ExpressionError(
      `an object is used as a whole and by its field "${name}" in one expression`,
      ast.start + 1,
      'ask for a field with has(data.srcip) instead of "srcip" in data',
    )
  }
  for (const below of field.below.values()) forbidMixed(below, ast)
}

const comparisons = new Set(['==', '!=', '<', '<=', '>', '>=', 'in'])
const nothing = new Set<string>()

/** Ids and decoded fields are text in every alert, so comparing them with a number is always a mistake, and a silent one. */
function checkComparison(node: ASTNode): void {
  const [left, right] = node.args as ASTNode[]
  for (const [one, other] of [
    [left!, right!],
    [right!, left!],
  ]) {
    const path = pathOf(one!, nothing)?.filter((name, n) => n > 0 || name !== 'alert')
    if (!path || !(path[0] === 'data' || path.join('.') === 'rule.id' || path.join('.') === 'agent.id')) continue
    const items = other!.op === 'list' ? other!.args : [other!]
    const number = items.find((item) => item.op === 'value' && ['bigint', 'number'].includes(typeof item.args))
    if (!number) continue
    const name = path.join('.')
    throw new ExpressionError(
      `"${name}" is text and is compared with the number ${number.args}, which never holds`,
      number.start + 1,
      ['==', '!=', 'in'].includes(node.op) ? `write "${number.args}" in quotes` : `write int(${name})`,
    )
  }
}

function checkCall(name: string, args: ASTNode[]): void {
  const texts = (node: ASTNode | undefined): { text: string; at: number }[] => {
    const items = node?.op === 'list' ? node.args : node ? [node] : []
    return items.flatMap((item) =>
      item.op === 'value' && typeof item.args === 'string' ? [{ text: item.args, at: item.start + 1 }] : [],
    )
  }
  if (name === 'in_network')
    for (const { text, at } of texts(args[1]))
      if (!isNetwork(text))
        throw new ExpressionError(`"${text}" is no address or network`, at, 'write 10.0.0.0/8, 192.0.2.7 or fd00::/8')
  if (name === 'between')
    for (const { text, at } of [...texts(args[1]), ...texts(args[2])])
      if (parseClock(text) === undefined)
        throw new ExpressionError(`"${text}" is no time of day`, at, 'write 22:00 or 06:30')
  for (const { text, at } of texts(name === 'between' ? args[3] : name === 'weekday' ? args[1] : undefined))
    if (!isZone(text))
      throw new ExpressionError(`"${text}" is no time zone`, at, 'write a name like Europe/Berlin or UTC')
}

function checkRegex(node: ASTNode | undefined): void {
  if (node?.op !== 'value' || typeof node.args !== 'string') return
  try {
    new RegExp(node.args)
  } catch (error) {
    throw new ExpressionError((error as Error).message, node.start + 1, 'regular expressions are those of JavaScript')
  }
}

function attempt<T>(source: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw explain(source, error)
  }
}

/** `renamed`: where `has` became the longer `present` in the text that the error speaks of. */
function explain(source: string, error: unknown, renamed: number[] = []): ExpressionError {
  if (error instanceof ExpressionError) return error
  const { summary, message, range, code } = error as {
    summary?: string
    message: string
    range?: { start: number }
    code?: string
  }
  let start = range?.start ?? 0
  for (const at of renamed.toSorted((a, b) => a - b)) if (start > at) start = Math.max(at, start - 4)
  const column = start + 1
  const text = (summary ?? message).replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase())
  if (code !== 'unknown_variable') return new ExpressionError(text, column, guide)
  const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(source.slice(column - 1))?.[0] ?? ''
  return new ExpressionError(
    `unknown field "${name}"`,
    column,
    `decoded fields stand below data: data.${name}; other top-level fields are written alert["${name}"]`,
  )
}

// ---------------------------------------------------------------------------------------------------------------- functions

const environment = createEnvironment()

function createEnvironment(): Environment {
  const env = new Environment({ homogeneousAggregateLiterals: false })
  for (const name of roots) env.registerVariable(name, 'dyn')

  env.registerFunction('present(dyn): bool', (value: unknown) => value !== null)
  for (const method of ['contains', 'startsWith', 'endsWith', 'matches'])
    env.registerFunction(`null.${method}(string): bool`, () => false)
  env.registerFunction('size(null): int', () => 0n)
  env.registerFunction('null.size(): int', () => 0n)
  env.registerOperator('dyn in null', () => false)
  for (const operator of ['<', '<=', '>', '>='])
    for (const type of ['int', 'double', 'string']) {
      env.registerOperator(`null ${operator} ${type}`, () => false)
      env.registerOperator(`${type} ${operator} null`, () => false)
    }

  env.registerFunction('in_network(dyn, string): bool', (address: unknown, network: string) =>
    inNetworks(address, [network]),
  )
  env.registerFunction('in_network(dyn, list): bool', (address: unknown, networks: unknown[]) =>
    inNetworks(address, networks.map(String)),
  )
  env.registerFunction('is_private(dyn): bool', (address: unknown) => inNetworks(address, privateNetworks))
  env.registerFunction('between(dyn, string, string): bool', (timestamp: unknown, from: string, to: string) =>
    isBetween(wallClock(timestamp)?.minutes, from, to),
  )
  env.registerFunction(
    'between(dyn, string, string, string): bool',
    (timestamp: unknown, from: string, to: string, zone: string) =>
      isBetween(wallClock(timestamp, zone)?.minutes, from, to),
  )
  env.registerFunction('weekday(dyn): dyn', (timestamp: unknown) => dayName(timestamp))
  env.registerFunction('weekday(dyn, string): dyn', (timestamp: unknown, zone: string) => dayName(timestamp, zone))
  return env
}

function dayName(timestamp: unknown, zone?: string): string | null {
  const clock = wallClock(timestamp, zone)
  return clock ? weekdays[clock.weekday]! : null
}

/** Private, loopback, link-local, carrier and documentation addresses: RFC 1918, 4193, 6598, 5737, 3849. */
const privateNetworks =
  `10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.0/8 169.254.0.0/16 100.64.0.0/10 0.0.0.0/8 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24
  ::1/128 ::/128 fc00::/7 fe80::/10 2001:db8::/32`.split(/\s+/)

const lists = new Map<string, BlockList>()

function inNetworks(address: unknown, networks: string[]): boolean {
  if (typeof address !== 'string') return false
  const family = isIP(address)
  if (family === 0) return false
  const key = networks.join()
  let list = lists.get(key)
  if (!list) {
    list = new BlockList()
    for (const network of networks) {
      const [base, bits] = splitNetwork(network)
      if (!isNetwork(network)) throw new TypeError(`"${network}" is no address or network`)
      const version = isIP(base) === 6 ? 'ipv6' : 'ipv4'
      list.addSubnet(base, bits ?? (version === 'ipv6' ? 128 : 32), version)
    }
    // Lists written in the expression are few; those computed from an alert must not fill the memory.
    if (lists.size >= 1000) lists.clear()
    lists.set(key, list)
  }
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

export function splitNetwork(network: string): [base: string, bits: number | undefined] {
  const slash = network.indexOf('/')
  return slash < 0 ? [network, undefined] : [network.slice(0, slash), Number(network.slice(slash + 1))]
}

export function isNetwork(text: string): boolean {
  const [base, bits] = splitNetwork(text)
  const family = isIP(base)
  if (family === 0 || base.includes('%')) return false
  return bits === undefined || (/\/\d{1,3}$/.test(text) && bits <= (family === 6 ? 128 : 32))
}
