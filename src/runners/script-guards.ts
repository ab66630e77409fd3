/** The guards of responses, for a script that acts alone: no Outrider runs that would ask them. */
import { readFileSync } from 'node:fs'
import type { Response } from '../define.ts'
import { createGuards, type Refusal } from '../responses/guards.ts'
import { localSystem, readNetworkFacts } from '../responses/network.ts'

/** How long host names may take to resolve; a guard that cannot be asked in time is asked by name only. */
const resolve_ms = 1000

/** Why this machine must not do that to itself; undefined when nothing speaks against it. */
export async function refusalOf(
  { acts_on }: Response,
  key: string,
  { home, never }: { home: string; never: readonly string[] },
): Promise<Refusal | undefined> {
  const manager = managersIn(home)
  const guards = createGuards({
    never,
    manager,
    whiteListed: () => undefined, // known to the manager alone, which has asked it
    facts: () => readNetworkFacts(localSystem),
    resolve: async (name) => {
      const { lookup } = process.getBuiltinModule('node:dns/promises')
      return (await lookup(name, { all: true })).map(({ address }) => address)
    },
    now: Date.now,
  })
  // Addresses need no looking up, which is the usual case.
  if ([...never, ...manager].some((entry) => /[g-z]/i.test(entry)))
    await Promise.race([guards.refresh(), new Promise((resolve) => setTimeout(resolve, resolve_ms))])
  if (acts_on === 'address') return guards.address(key)
  return acts_on === 'account' ? guards.account(key) : undefined
}

/** The manager's addresses as an agent's ossec.conf has them. */
function managersIn(home: string): string[] {
  let text: string
  try {
    text = readFileSync(`${home}/etc/ossec.conf`, 'utf8')
  } catch {
    return [] // on a manager's own machine other guards cover it
  }
  return [...text.matchAll(/<client>.*?<\/client>/gs)].flatMap(([client]) =>
    [...client.matchAll(/<(?:address|server-ip|server-hostname)>\s*([^<\s]+)\s*</g)].map(([, address]) => address!),
  )
}
