import * as z from 'zod/mini'
import { type Command, defineResponse, type Step } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'

const options = z.object({
  chain: z
    ._default(z.string().check(z.regex(/^[A-Z][A-Z0-9_]{0,25}$/)), 'OUTRIDER')
    .check(z.describe('Name of our chain in the table "filter". Nothing outside of it is touched but the jump to it.')),
})

type Options = z.infer<typeof options>

/**
 * For systems without nftables; where there is nft, firewall-drop costs less for each packet and ends blocks by itself. All rules stand in one chain, to which
 * INPUT and FORWARD jump first. What is there is looked at before each change, so that no rule comes twice and none is deleted that is not there.
 */
export default defineResponse({
  name: 'iptables-drop',
  summary: 'Drops all packets from an address or network, with iptables and ip6tables.',
  docs: 'https://manpages.debian.org/iptables.8',
  options,
  example: {},
  acts_on: 'address',
  needs_root: true,

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,

  prepare: ({ chain }) =>
    families.map(({ program }) => ({
      argv: [program, '-w', '-S'],
      next(rules: string) {
        const lines = rules.split('\n')
        const jumps = ['INPUT', 'FORWARD'].filter((from) => !lines.includes(`-A ${from} -j ${chain}`))
        return [
          ...(lines.includes(`-N ${chain}`) ? [] : [{ argv: [program, '-w', '-N', chain] } as Command]),
          ...jumps.map((from): Command => ({ argv: [program, '-w', '-I', from, '-j', chain] })),
        ]
      },
    })),

  add: (key, _, options) => change([key], options, '-A'),
  addMany: (items, options) =>
    change(
      items.map(({ key }) => key),
      options,
      '-A',
    ),
  delete: (key, options) => change([key], options, '-D'),
  deleteMany: (keys, options) => change(keys, options, '-D'),
  list: {
    steps: ({ chain }) => families.map(({ program }) => ({ argv: [program, '-w', '-S', chain] })),
    parse: (outputs) => outputs.flatMap((rules) => [...blocked(rules).keys()]),
  },
})

const families = [
  { program: 'iptables', is: (key: string) => !key.includes(':') },
  { program: 'ip6tables', is: (key: string) => key.includes(':') },
]

/** One run for each family, all rules or none (iptables-restore commits the table at once). */
function change(keys: readonly string[], { chain }: Options, how: '-A' | '-D'): Step[] {
  return families.flatMap(({ program, is }) => {
    const some = keys.filter(is)
    if (some.length === 0) return []
    const look: Command = {
      argv: [program, '-w', '-S', chain],
      next(rules) {
        const there = blocked(rules)
        const wanted = some.filter((key) => there.has(key) === (how === '-D'))
        const lines = wanted.map((key) => there.get(key)?.replace('-A', how) ?? `${how} ${chain} -s ${key} -j DROP`)
        const stdin = `*filter\n${lines.join('\n')}\nCOMMIT\n`
        return lines.length === 0 ? [] : [{ argv: [`${program}-restore`, '-w', '--noflush'], stdin }]
      },
    }
    return [look]
  })
}

/** Our rules by key, as `-S` prints them: `-A OUTRIDER -s 203.0.113.5/32 -j DROP`. */
function blocked(rules: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const rule of rules.split('\n')) {
    const key = parseAddressKey(/^-A \S+ -s (\S+) -j DROP$/.exec(rule)?.[1] ?? '')
    if (key !== undefined) found.set(key, rule)
  }
  return found
}
