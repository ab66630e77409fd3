/** From an alert, or a person's wish, to what is to be done: which response, on what, for how long, and why. Decides only. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Alert, toBytes } from '../alert.ts'
import type { ActiveResponseBlock, CommandBlock, HostSetting } from '../config.ts'
import { accountIn, addressesIn, type Dialect, responseKey, type ScriptCall, scriptCall } from '../wazuh/execd.ts'
import { type Binding, type RuleFacts, routeOf } from '../wazuh/response-binding.ts'
import type { Actor } from './actor.ts'
import type { Refusal } from './guards.ts'
import type { Lease } from './lease.ts'
import { parseRange } from './ranges.ts'
import { hostOf } from './ssh.ts'

/** What is to be done for one alert by one block. Becomes a lease when it is recorded. */
export type Intent = Pick<
  Lease,
  | 'response'
  | 'definition'
  | 'call'
  | 'host'
  | 'acts_on'
  | 'target'
  | 'key'
  | 'seconds'
  | 'offenders'
  | 'undoable'
  | 'why'
  | 'alert'
  | 'rule'
  | 'by'
> & {
  /** Already known not to be done: white list, sanity. */
  refusal?: Refusal
  /** Asked for by a person: bound neither to the limit of blocks a minute nor to an approval. */
  manual?: boolean
}

export interface Plan {
  intents: Intent[]
  /** Blocks that the alert triggers and that lead to nothing here, with the reason. */
  skipped: { response: string; reason: string }[]
}

/** What is known of an alert besides its JSON. */
export interface AlertFacts extends RuleFacts {
  /** The line the alert stands in, a byte string without line end: scripts then get it byte for byte. */
  json?: string
}

export interface PlannerConfig {
  commands: readonly CommandBlock[]
  blocks: readonly ActiveResponseBlock[]
  binding: Binding
  home: string
  /** Our definitions, ready to act, by name. */
  actors: ReadonlyMap<string, Actor>
  /** Definitions that cannot be used, by name, with the reason. */
  unusable: ReadonlyMap<string, string>
  /** By command; everything else speaks Wazuh 4. */
  dialects?: Readonly<Record<string, Dialect>>
  /** The other machines that can be acted on. */
  hosts?: readonly HostSetting[]
  node_name?: string
}

export interface ManualTarget {
  /** A command, an `<active-response>` by its internal name (`firewall-drop600`), one of our responses, or `!script`. */
  response: string
  /** What to act on. */
  key: string
  /** 0 is for ever; undefined: as the `<active-response>` says, else for ever. */
  seconds?: number
  reason: string
  by: string
  /** Another machine, by its name in `hosts:` or as an agent. Default: this one. */
  host?: string
  extra_args?: string
  /** For scripts that look for more than an address or an account. */
  alert?: Record<string, unknown>
  /** Nobody has looked at it: the limit of blocks a minute counts, as for an alert. */
  automatic?: boolean
}

type Program =
  | { kind: 'definition'; actor: Actor }
  | { kind: 'script'; executable: string }
  | { kind: 'none'; reason: string }

export function createPlanner(config: PlannerConfig) {
  const { commands, blocks, binding, home, actors, unusable, dialects = {}, hosts = [], node_name } = config
  // execd knows one list, the first it finds, for all responses.
  const offenders = blocks.find(({ repeated_offenders }) => repeated_offenders.length > 0)?.repeated_offenders ?? []
  const commandOf = (name: string) => commands.find((command) => command.name === name)

  const badName = (executable: string): Program | undefined =>
    executable.includes('/') || executable.includes('..')
      ? { kind: 'none', reason: `"${executable}" is not the name of a file in active-response/bin` }
      : undefined

  /** A script of the user's own wins over a definition of the same name, as on a Wazuh that has both. */
  function programOf(executable: string): Program {
    const bad = badName(executable)
    if (bad) return bad
    if (existsSync(join(home, 'active-response', 'bin', executable))) return { kind: 'script', executable }
    const name = executable.replace(/\.sh$/, '')
    const actor = actors.get(name)
    if (actor) return { kind: 'definition', actor }
    const reason = unusable.get(name) ?? `there is no active-response/bin/${executable}, and no response of that name`
    return { kind: 'none', reason }
  }

  function plan(alert: Alert, facts: AlertFacts = {}): Plan {
    const bound = binding.bind(alert, facts)
    const result: Plan = { intents: [], skipped: [] }
    for (const block of bound.refusal?.blocks ?? bound.blocks) {
      const places = placesOf(block, alert)
      if (typeof places === 'string') {
        result.skipped.push({ response: block.command, reason: places })
        continue
      }
      for (const host of places) {
        const intent = intentOf(block, host, alert, facts)
        if (typeof intent === 'string') result.skipped.push({ response: block.command, reason: intent })
        else
          result.intents.push({
            ...intent,
            refusal: bound.refusal && { guard: bound.refusal.guard, reason: bound.refusal.reason },
          })
      }
    }
    return result
  }

  /** The hosts that a block's location leads to, undefined being this machine; or why there are none. */
  function placesOf(block: ActiveResponseBlock, alert: Alert): (HostSetting | undefined)[] | string {
    const route = routeOf(block, alert)
    const skipped = (what: string, why: string) => `its location is ${what}, and ${why} in outrider.yaml`
    switch (route.kind) {
      case 'here':
        return [undefined]
      case 'every agent':
        return hosts.length > 0 ? [...hosts] : skipped('every agent', 'there are no hosts')
      case 'agent': {
        const name = route.id === alert.agent?.id ? alert.agent.name : undefined
        const host = hostOf(hosts, { id: route.id, name })
        const agent = `agent ${route.id}${name === undefined ? '' : ` (${name})`}`
        return host ? [host] : skipped(agent, 'it is not among the hosts')
      }
      default:
        return `its location is ${route.kind}`
    }
  }

  /** What is to be run: on other hosts always the script of that name there. */
  function programOn(host: HostSetting | undefined, executable: string): Program {
    return host ? (badName(executable) ?? { kind: 'script', executable }) : programOf(executable)
  }

  /** Or why there is nothing to be done. */
  function intentOf(
    block: ActiveResponseBlock,
    host: HostSetting | undefined,
    alert: Alert,
    facts: AlertFacts,
  ): Intent | string {
    const command = commandOf(block.command)
    if (!command) return `there is no <command> "${block.command}"`
    const { rule } = alert
    return build(command, programOn(host, command.executable), {
      host,
      alert,
      alert_json: facts.json,
      seconds: block.timeout,
      offenders: block.repeated_offenders.length > 0 ? block.repeated_offenders : offenders,
      location: block.location,
      why: `rule ${rule.id} (level ${rule.level}): ${rule.description}`,
      by: `rule ${rule.id}`,
    })
  }

  interface Wish {
    host?: HostSetting
    alert: Alert
    alert_json?: string
    seconds: number
    offenders: number[]
    location?: ActiveResponseBlock['location']
    why: string
    by: string
    /** A key given by a person. */
    key?: string
  }

  function build(command: CommandBlock, program: Program, wish: Wish): Intent | string {
    const { alert, seconds, why, by } = wish
    const common = {
      response: command.name,
      seconds,
      offenders: wish.offenders,
      why,
      by,
      alert: alert.id === '' ? undefined : alert.id,
      rule: alert.rule.id === '' ? undefined : alert.rule.id,
    }
    if (program.kind === 'none') return program.reason
    if (program.kind === 'definition') {
      const { definition, options } = program.actor
      const target = wish.key ?? definition.key(alert, options)
      if (target === undefined) return `the alert names no ${definition.acts_on} that ${definition.name} could act on`
      const undoable = definition.delete !== undefined || definition.deleteMany !== undefined
      const key = responseKey(definition.name, [target])
      return {
        ...common,
        definition: definition.name,
        call: undefined,
        host: undefined,
        acts_on: definition.acts_on,
        target,
        key,
        undoable,
      }
    }
    const call = callOf(command, program.executable, wish)
    const address = addressesIn(alert)[0]
    const account = accountIn(alert)
    return {
      ...common,
      definition: undefined,
      call,
      host: wish.host?.name,
      acts_on: address !== undefined ? 'address' : account !== undefined ? 'account' : 'other',
      target: address ?? account ?? '-',
      key: keyOn(wish.host?.name, call.program, [address ?? account ?? '']),
      undoable: command.timeout_allowed,
    }
  }

  function callOf(
    command: CommandBlock,
    executable: string,
    { alert, alert_json, seconds, location }: Wish,
  ): ScriptCall {
    return scriptCall({
      dialect: dialects[command.name] ?? 'wazuh4',
      executable,
      name: `${command.name}${seconds}`,
      timeout: seconds,
      extra_args: command.extra_args,
      expect: command.expect,
      node_name,
      location: location?.all ? 'all' : location?.defined ? 'defined-agent' : 'local',
      alert,
      alert_json,
    })
  }

  /** What a person asks for, or why that cannot be. */
  function manual(wish: ManualTarget): Intent | string {
    const block = blocks.find(({ command, timeout }) => `${command}${timeout}` === wish.response)
    const seconds = wish.seconds ?? block?.timeout ?? 0
    const isCustom = wish.response.startsWith('!')
    const name = block?.command ?? (isCustom ? wish.response.slice(1) : wish.response)
    const known = isCustom ? undefined : commandOf(name)
    const command = {
      ...(known ?? unnamed(name, !isCustom)),
      ...(wish.extra_args !== undefined && { extra_args: wish.extra_args }),
    }
    const host = wish.host === undefined ? undefined : hostCalled(wish.host)
    if (wish.host !== undefined && !host) {
      const known = hosts.length > 0 ? `known are ${hosts.map(({ name }) => name).join(', ')}` : 'there are none'
      return `there is no host "${wish.host}"; ${known}`
    }
    const program = programOn(host, command.executable)
    let key: string | undefined
    if (program.kind === 'definition') {
      const { definition, options } = program.actor
      key = definition.parseKey(wish.key, options)
      if (key === undefined) return `"${wish.key}" is no ${definition.acts_on} that ${definition.name} could act on`
    }
    const data = wish.key === '' ? {} : parseRange(wish.key) ? { srcip: wish.key } : { dstuser: wish.key }
    const rule = { level: 0, description: wish.reason, id: '' }
    const alert: Alert = { timestamp: '', rule, id: '', data, ...wish.alert }
    const alert_json = toBytes(JSON.stringify(wish.alert ?? { data }))
    const { reason: why, by } = wish
    const intent = build(command, program, { host, alert, alert_json, seconds, offenders, key, why, by })
    return typeof intent === 'string' ? intent : { ...intent, manual: wish.automatic !== true }
  }

  const hostCalled = (text: string) =>
    hosts.find(({ name }) => name === text) ?? hostOf(hosts, { id: text, name: text })

  /** What can be asked for by hand: the configured commands that have a program, and our own responses. */
  function responses(): string[] {
    // What other hosts have is not known here.
    const isUsable = (executable: string) => hosts.length > 0 || programOf(executable).kind !== 'none'
    const usable = commands.filter(({ executable }) => isUsable(executable)).map(({ name }) => name)
    return [...new Set([...usable, ...actors.keys()])].sort()
  }

  /** Names of our own responses that a block of the configuration leads to. */
  function definitionsInUse(): string[] {
    const names = blocks.flatMap(({ command }) => {
      const executable = commandOf(command)?.executable ?? ''
      const name = executable.replace(/\.sh$/, '')
      return programOf(executable).kind === 'definition' || unusable.has(name) ? [name] : []
    })
    return [...new Set(names)]
  }

  return { plan, manual, responses, definitionsInUse }
}

/** What is the same: as execd's key, for each machine by itself. */
export function keyOn(host: string | undefined, program: string, keys: readonly string[]): string {
  const key = responseKey(program, keys)
  return host === undefined ? key : `${host}:${key}`
}

function unnamed(name: string, timeout_allowed: boolean): CommandBlock {
  return { place: { file: '', line: 0 }, name, executable: name, timeout_allowed }
}
