/**
 * Two sets, for IPv4 and IPv6, and in each family one rule that drops what is in them: a packet is looked up once, however many addresses there are. An
 * entry carries its own timeout, so a block ends on time even when we do not run. Single addresses and networks stand in the same set (`hash:net`), and
 * networks may overlap.
 */
import type { Command } from '../define.ts'
import type { KeyTime } from './actor.ts'
import { expectChain, families, prepareChain } from './iptables.ts'
import { parseAddressKey } from './keys.ts'

export interface Sets {
  /** Also the beginning of the sets' names; at most 28 characters, which is what iptables takes for a chain. */
  chain: string
  /** Chains of the table "filter" that jump to ours, and that do no longer. */
  from: readonly string[]
  not_from: readonly string[]
}

const setFor = (chain: string, version: 4 | 6) => `${chain}${version}`

/** The kernel counts milliseconds in 32 bits. What is to last longer is put back when it has run out. */
const longest_s = 2_147_483
/** Memory is taken as they come. */
const mostEntries = 1_048_576

function restore(lines: readonly string[]): Command {
  // What is there is no error, nor is deleting what is not; an entry that is there gets the new timeout.
  return { argv: ['ipset', 'restore', '-exist'], stdin: `${lines.join('\n')}\n` }
}

/** The sets first: iptables takes no rule for one that is not there. */
export function prepareSets(sets: Sets): Command {
  const kinds = { 4: 'inet', 6: 'inet6' }
  const creates = families.map(
    ({ version }) =>
      `create ${setFor(sets.chain, version)} hash:net family ${kinds[version]} maxelem ${mostEntries} timeout 0`,
  )
  return {
    ...restore(creates),
    next: () => families.map((family) => prepareChain(family.program, chainOf(sets, family))),
  }
}

function chainOf(sets: Sets, { version }: (typeof families)[number]) {
  return { ...sets, rule: `-m set --match-set ${setFor(sets.chain, version)} src -j DROP` }
}

export function addEntries(items: readonly KeyTime[], chain: string): Command {
  return restore(
    items.map(({ key, seconds }) => `add ${setOf(key, chain)} ${key} timeout ${Math.min(seconds, longest_s)}`),
  )
}

export function deleteEntries(keys: readonly string[], chain: string): Command {
  return restore(keys.map((key) => `del ${setOf(key, chain)} ${key}`))
}

const setOf = (key: string, chain: string) => setFor(chain, key.includes(':') ? 6 : 4)

/** One for each family, in their order; fails when the rules that look into the sets are not there. */
export function listSets(sets: Sets): Command[] {
  return families.map((family) => ({
    argv: ['ipset', 'save', setFor(sets.chain, family.version)],
    next: () => [expectChain(family.program, chainOf(sets, family))],
  }))
}

/** `add outrider4 203.0.113.5 timeout 598` */
export function entriesIn(output: string): string[] {
  return [...output.matchAll(/^add \S+ (\S+)/gm)].flatMap(([, entry = '']) => parseAddressKey(entry) ?? [])
}
