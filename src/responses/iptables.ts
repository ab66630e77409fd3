/**
 * A chain of our own in the table "filter" of iptables and ip6tables, to which others jump first. What is there is looked at before each change, so that no
 * rule comes twice and none is deleted that is not there; and all rules of a change come at once (iptables-restore commits the table).
 */
import type { Command, Step } from '../define.ts'
import { parseAddressKey } from './keys.ts'

export const families = [
  { program: 'iptables', version: 4, is: (key: string) => !key.includes(':') },
  { program: 'ip6tables', version: 6, is: (key: string) => key.includes(':') },
] as const

type Program = (typeof families)[number]['program']

export interface Chain {
  chain: string
  /** What jumps to it, and what does no longer. */
  from: readonly string[]
  not_from?: readonly string[]
  /** All that it holds, as `-S` prints it without `-A CHAIN`. Undefined: a rule for each address. */
  rule?: string
}

/** Makes the chain and the jumps where something of it is not there. */
export function prepareChain(program: Program, wanted: Chain): Command {
  return listAll(program, (rules) => {
    const lines = missing(rules, wanted)
    return lines.length === 0 ? [] : [restore(program, lines)]
  })
}

/** Fails when something of the chain is not there, so that it is made again. */
export function expectChain(program: Program, wanted: Chain): Command {
  return listAll(program, (rules) => {
    if (missing(rules, wanted).length > 0) throw new Error(`the chain ${wanted.chain} is not as we left it`)
    return []
  })
}

function listAll(program: Program, next: Command['next']): Command {
  return { argv: [program, '-w', '-S'], ...(next && { next }) }
}

function missing(rules: string, { chain, from, not_from = [], rule }: Chain): string[] {
  const lines = rules.split('\n')
  const jump = (one: string) => `${one} -j ${chain}`
  const own = lines.filter((line) => line.startsWith(`-A ${chain} `))
  const isThere = lines.includes(`-N ${chain}`)
  const isWhole = isThere && (rule === undefined || (own.length === 1 && own[0] === `-A ${chain} ${rule}`))
  return [
    // Where the chain is there already, this empties it.
    ...(isWhole ? [] : [`:${chain} - [0:0]`, ...(rule === undefined ? [] : [`-A ${chain} ${rule}`])]),
    ...from.filter((one) => !lines.includes(`-A ${jump(one)}`)).map((one) => `-I ${jump(one)}`),
    ...not_from.filter((one) => lines.includes(`-A ${jump(one)}`)).map((one) => `-D ${jump(one)}`),
  ]
}

function restore(program: Program, lines: readonly string[]): Command {
  return { argv: [`${program}-restore`, '-w', '--noflush'], stdin: `*filter\n${lines.join('\n')}\nCOMMIT\n` }
}

/** A rule for each address; one run for each family. */
export function changeRules(keys: readonly string[], chain: string, how: '-A' | '-D'): Step[] {
  return families.flatMap(({ program, is }) => {
    const some = keys.filter(is)
    if (some.length === 0) return []
    const look = listRules(program, chain)
    look.next = (rules) => {
      const there = blocked(rules, chain)
      const wanted = some.filter((key) => there.has(key) === (how === '-D'))
      const lines = wanted.map((key) => there.get(key)?.replace('-A', how) ?? `${how} ${chain} -s ${key} -j DROP`)
      return lines.length === 0 ? [] : [restore(program, lines)]
    }
    return [look]
  })
}

export function listRules(program: Program, chain: string): Command {
  return { argv: [program, '-w', '-S', chain] }
}

/** The rules of our chain by key, as `-S` prints them: `-A OUTRIDER -s 203.0.113.5/32 -j DROP`. */
export function blocked(rules: string, chain: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const rule of rules.split('\n')) {
    if (!rule.startsWith(`-A ${chain} `)) continue
    const key = parseAddressKey(/ -s (\S+) -j DROP$/.exec(rule)?.[1] ?? '')
    if (key !== undefined) found.set(key, rule)
  }
  return found
}
