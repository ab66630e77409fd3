/** Active response as those see it who start it, and those who ask it. */
import type { Alert } from '../alert.ts'
import type { ActiveResponseBlock, CommandBlock, HostSetting, ResponseSettings } from '../config.ts'
import type { Response } from '../define.ts'
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'
import type { Block } from './block.ts'
import type { ByHand } from './by-hand.ts'
import type { DeskConfig } from './desk.ts'
import type { Lease, ScriptHabit, Try } from './lease.ts'
import type { SystemReader } from './network.ts'
import type { AlertFacts, Intent, Plan } from './plan.ts'
import type { Http } from './steps.ts'

export interface ResponderOptions {
  /** Opened with the `migrations` of lease-tables.ts. */
  state: State
  commands: readonly CommandBlock[]
  responses: readonly ActiveResponseBlock[]
  /** `<white_list>`, as written. */
  white_list: readonly string[]
  settings: ResponseSettings
  /** Stands for /var/ossec. Absolute. */
  home: string
  /** `<cluster><node_name>`. */
  node_name?: string
  /** Addresses and host names of the manager, where this machine is an agent. */
  manager?: readonly string[]
  /** A block begins to wait for a person, until then; the link with which it can be answered, where there is one. */
  asked?(block: Block, until: number): string | undefined
  /** ISO code of the country of an address; undefined where there is no database to look in. */
  country?(address: string): string | undefined
  /** Where responses can run besides this machine. */
  hosts?: readonly HostSetting[]
  now(): number
  /** Runs something once, after so many milliseconds; the returned function calls it off. */
  setTimer(run: () => void, ms: number): () => void
  log: Log
  /** Replaces every secret in a text. */
  mask(text: string): string
  /** Our definitions, by name, loaded when asked for: `responses/index.ts`. */
  definitions: Readonly<Record<string, () => Promise<{ default: Response }>>>
  /** The machine, as guards see it. */
  system: SystemReader
  is_root: boolean
  /** Differs after each start of the machine: /proc/sys/kernel/random/boot_id. */
  boot_id: string | undefined
  http: Http
  /** A block that was in force is over; within the transaction that says so. */
  undone?(lease: Lease): void
  /** Addresses of a host name. */
  resolve(name: string): Promise<string[]>
  tuning?: Partial<ResponderTuning>
}

/** What has a good default and is turned by tests, and by people with unusual needs. */
export interface ResponderTuning {
  /** Before a script that does not answer is looked at. */
  answer_ms: number
  /** Of one script, at the same time. */
  places: number
  /** Of a script's virtual memory; undefined is no limit. */
  max_memory_bytes: number | undefined
  /** The widest networks that may be blocked, as prefix lengths. */
  widest: { ipv4: number; ipv6: number }
  /** Where there is no list of `repeated_offenders`, see escalation.ts. Default: no escalation, one time is forgiven in 30 days. */
  escalation: DeskConfig['escalation']
  over_limit: DeskConfig['over_limit']
  /** How often what should be is compared with what is. */
  compare_ms: number
  /** How long what is over is kept. */
  history_ms: number
  /** How long {@link Responder.stop} waits for what runs. */
  grace_ms: number
  /** As execd does: all is undone when we are stopped. Default: what is in force stays, and is undone on time after the next start. */
  undo_on_stop: boolean
}

export interface Responder extends ByHand {
  /** What an alert asks for. Changes nothing. */
  plan(alert: Alert, facts?: AlertFacts): Plan
  /** Keeps it. To be called in the transaction that moves the input's cursor; then {@link kick}. */
  record(intents: readonly Intent[]): void
  /** Something was recorded. */
  kick(): void
  /** Takes up what a former run has left: undoes what is overdue, repeats what was half done, mends what was changed. */
  start(): Promise<void>
  /** Lets what runs end, within the grace time. Leases stay in force. */
  stop(): Promise<void>
  /** Resolves when nothing is at work. What is due later is not waited for. */
  settled(): Promise<void>

  /** All but the ended ones; newest first. */
  list(): Block[]
  /** Those whose end has come. */
  overdue(): Block[]
  show(id: string): (Lease & { tries: Try[] }) | undefined
  /** One of them, or what it has become. */
  block(id: string): Block | undefined
  /** Ended, failed, refused, and what would have been done. */
  history(limit: number): Lease[]
  refusals(
    limit: number,
  ): { at: number; response: string; key: string; guard: string; reason: string; alert?: string }[]

  /** Names that can be given to {@link ByHand.add}. */
  responses(): string[]
  /** What a response, or a command, has in force: for the blocklist that firewalls fetch. */
  targets(response: string): string[]
  /** How the scripts behaved that were run, for those who look for what is wrong. */
  scripts(): ScriptHabit[]

  /** What is wrong with the configuration, in words; nothing stops because of it. */
  readonly problems: readonly string[]
}
