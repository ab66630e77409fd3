/**
 * What a silence matches: alerts that people do not want to hear of for a while. Pure: no clock, no files.
 *
 * All that is given must fit; within a list one is enough. What cannot be told of an alert does not fit, so that a silence never holds back more than it says.
 */
import { BlockList, isIP } from 'node:net'
import type { Alert } from './alert.ts'
import { compileExpression, isNetwork, splitNetwork } from './expression.ts'
import { sourceAddress } from './integrations/message.ts'

export interface SilenceMatch {
  /** CEL, as in `where:` of a destination. */
  where?: string
  /** Rule ids. */
  rules?: string[]
  /** Ids or names of agents. */
  agents?: string[]
  /** Addresses and networks. */
  sources?: string[]
  /** Names of destinations; undefined: all. */
  destinations?: string[]
}

export interface SilenceTest {
  matches(alert: Alert, destination: string): boolean
}

/** A silence that cannot be; the message names the place. */
export class SilenceError extends Error {
  override name = 'SilenceError'
  hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** @throws ExpressionError for `where`, SilenceError for the rest */
export function compileSilence({ where, rules, agents, sources, destinations }: SilenceMatch): SilenceTest {
  const tests: ((alert: Alert, destination: string) => boolean)[] = []
  if (destinations) tests.push((_, destination) => destinations.includes(destination))
  if (rules) {
    const wrong = rules.find((id) => !/^\d{1,9}$/.test(id))
    if (wrong !== undefined) throw new SilenceError(`rule: "${wrong}" is no rule id`, 'write the digits, such as 5710')
    const wanted = new Set(rules.map(Number))
    tests.push(({ rule }) => wanted.has(Number(rule?.id)))
  }
  if (agents) {
    const wanted = new Set(agents)
    // Agents choose their names: one that calls itself by the id of another must not be silent with it.
    const isNamed = (name: string) => !/^\d+$/.test(name) && wanted.has(name)
    tests.push(({ agent }) => agent !== undefined && (wanted.has(agent.id) || isNamed(agent.name ?? '')))
  }
  if (sources) {
    const list = new BlockList()
    for (const network of sources) {
      if (!isNetwork(network))
        throw new SilenceError(`source: "${network}" is no address or network`, 'write 192.0.2.7 or 10.0.0.0/8')
      const [base, bits] = splitNetwork(network)
      const family = isIP(base) === 6 ? 'ipv6' : 'ipv4'
      list.addSubnet(base, bits ?? (family === 'ipv6' ? 128 : 32), family)
    }
    tests.push((alert) => {
      const address = sourceAddress(alert) ?? ''
      const family = isIP(address)
      return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
    })
  }
  if (where !== undefined) {
    const expression = compileExpression(where)
    tests.push((alert) => expression.test(alert) === true)
  }
  if (tests.length === 0)
    throw new SilenceError(
      'it does not say what to hold back',
      'give --where, --rule, --agent, --source or --destination; for everything: --where true',
    )
  return { matches: (alert, destination) => tests.every((fits) => fits(alert, destination)) }
}

/** `rule 5710, agent web-01`: for lists and logs. */
export function describeMatch({ where, rules, agents, sources, destinations }: SilenceMatch): string {
  const named = (name: string, values: string[] | undefined) => (values ? [`${name} ${values.join(' or ')}`] : [])
  return [
    ...named('rule', rules),
    ...named('agent', agents),
    ...named('source', sources),
    ...named('destination', destinations),
    ...(where === undefined ? [] : [where]),
  ].join(', ')
}
