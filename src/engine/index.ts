/**
 * The analysis engine: bytes in, decision out. No file, clock or network is touched here; texts of files, time, host name and stores are
 * passed in. Behaviour is that of Wazuh 4.14.7 (spec/engine-*.md).
 *
 * ```
 * loadRuleset ──▶ Ruleset (compiled, shared, never changes) ──▶ createSession ──▶ Session (counters, memories) ──▶ process(event) ──▶ Decision
 * ```
 */
import type { Event } from '../alert.ts'
import type { ByteText } from '../byte-text.ts'
import type { Problem } from '../problem.ts'
import type { EngineEvent } from './event.ts'
import { asLoaded, loadRuleset } from './load.ts'
import type { Tried } from './rules/search.ts'
import { EngineSession } from './session.ts'

/** A file by its name and content. */
export interface SourceFile {
  /** As the user knows it; also what messages show. A list's path is what `<list>` calls it: `etc/lists/audit-keys`. */
  path: string
  /** Byte string. */
  text: string
}

/** Look-up of an address in a GeoIP database: `CC` or `CC / Region name`; undefined when it is not known. */
export type GeoLookup = (address: string) => string | undefined

export interface RulesetSources {
  /** In load order (`wazuh/ruleset-files.ts` sorts). A file that cannot be read is left out by the caller, who warns. */
  decoders: SourceFile[]
  rules: SourceFile[]
  lists: SourceFile[]
  /** Default 360 (`analysisd.default_timeframe`). */
  default_timeframe?: number
  /** Default 256 (`analysisd.decoder_order_size`). */
  decoder_order_size?: number
  geoip?: GeoLookup
  /** Leave out what a real Wazuh would refuse to start with, and run the rest. */
  lenient?: boolean
  /** Evaluate without any shortcut: the reference that the fast path is compared with. */
  plain?: boolean
}

/** Compiled decoders, rules and lists. Opaque to everyone but the engine. */
export interface Ruleset {
  readonly plain: boolean
  /** For reports: every rule that is in force. */
  readonly rules: readonly RuleSummary[]
  /** For reports: every decoder by its own name, with its file. */
  readonly decoders: readonly { name: string; parent?: string; file: string; line: number }[]
}

export interface RuleSummary {
  id: number
  level: number
  description: string
  /** Raw: file group and own groups glued, as `if_group` and active responses see it. */
  group: string
  file: string
  line: number
}

export interface LoadResult {
  /** Missing when a real Wazuh would refuse to start, unless `lenient`. */
  ruleset?: Ruleset
  /** A real Wazuh would refuse to start. */
  refused: boolean
  /** For people: file:line, what, how to mend it, and what Wazuh does. */
  problems: Problem[]
  /** What the real engine says, word for word: `WARNING: (7612): …`. */
  messages: string[]
  /** The same as a logtest session hears it: a few texts go to the daemon's log alone. */
  session_messages: string[]
}

/** State of `check_diff`, outside of the session because Wazuh keeps it in files. */
export interface DiffStore {
  get(hostname: string, rule: number): string | undefined
  set(hostname: string, rule: number, log: string): void
}

export interface SessionOptions {
  /** `gethostname()`, with domain. */
  hostname: string
  /** `live`: as the daemon; `logtest`: as wazuh-logtest (spec/engine-logtest.md section 4.4). */
  mode: 'live' | 'logtest'
  /** Default 3, as in Wazuh's shipped configuration. */
  log_alert_level?: number
  /** Default 12, as in Wazuh's shipped configuration. */
  email_alert_level?: number
  /** Stored events for composite rules; default 8192. */
  memory_size?: number
  /** Minutes east of UTC at a moment; for timestamps and time rules. Default: 0. */
  utc_offset?: (at_ms: number) => number
  /** Live: drop firewall events that lack a field, before the rules (`analysisd.log_fw`); default true. */
  log_fw?: boolean
  /** Name of the cluster and of this node, when alerts shall show them. */
  cluster?: { name: string; node?: string }
  /** Default: in memory. */
  diff?: DiffStore
  /** Keys seen before (`queue/fts/fts-queue`). */
  fts_seen?: Iterable<string>
  /** Called with each key that is new, to be appended to the queue file. */
  on_fts?: (key: string) => void
}

/** An event and how it came: `eventchannel` is the Windows event channel (queue byte `f`), everything else `log`. */
export interface EngineInput extends Event {
  kind?: 'log' | 'eventchannel'
}

/** Structure for `alerts.log`, active responses and routes; texts are byte strings. */
export interface DecidedRule {
  id: number
  level: number
  /** After substitution. */
  description: string
  group: string
  /** MAIL flag: level or option. */
  mail: boolean
  /** Option `no_ar`: no active response. */
  no_ar: boolean
  firedtimes: number
}

export interface Decision {
  /** False when the event was dropped before the rules (a location without end, an incomplete firewall event in live mode …). */
  analysed: boolean
  /** Live: an alert is to be written. Logtest: an alert would be written. */
  alert: boolean
  /** The rule that won, also with level 0; undefined when none did. */
  rule?: DecidedRule
  /** True when active responses may look at this event: a rule of level > 0 without `no_ar`, outside an ignore window. */
  respond: boolean
  event: EngineEvent
  /** Previous events of a composite rule, newest first. */
  previous: readonly string[]
  /** What the real engine warns of when it prints the alert: unknown ATT&CK ids. */
  warnings: readonly string[]
  /** `rules_debug`, when asked for. */
  rules_debug?: string[]
  /** Every rule that was tried and why it did not match, when asked for. */
  tried?: Tried[]
  /**
   * The alert as one line of JSON without line end, in Wazuh's key order. `id` is its number after the dot, known only to the writer:
   * the position in alerts.log. A byte string.
   */
  json(offset: number): string
  /** The alert as it stands in alerts.log, from `** Alert` to the empty line (spec/alerts.md section 5.1). A byte string. */
  text(offset: number): string
  /** Adds {@link json} to what is to be written. */
  addJson(to: ByteText, offset: number): void
  /** Adds {@link text}. */
  addText(to: ByteText, offset: number): void
}

export interface Session {
  process(input: EngineInput, at_ms: number, options?: { debug?: boolean; explain?: boolean }): Decision
  /** Continues with another ruleset: keeps the state that is still valid (memory of rules that did not change, first-time-seen keys, timers). */
  reload(ruleset: Ruleset): void
}

export type { EngineEvent, Tried }
export { loadRuleset }

/** @param ruleset from {@link loadRuleset}; many sessions may share one */
export function createSession(ruleset: Ruleset, options: SessionOptions): Session {
  return new EngineSession(asLoaded(ruleset), options)
}
