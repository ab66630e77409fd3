/**
 * What a running Outrider is told, after both sources were read: `outrider.yaml` and any number of `ossec.conf` files. Blocks that Wazuh knows keep
 * Wazuh's names and meaning (spec/ossec-conf.md); everything else is ours. The readers (`wazuh/ossec-conf.ts`, `settings.ts`) parse, check
 * and report; whoever gets a Config trusts it.
 */
import type { Problem } from './problem.ts'

/** Where a block stands, for messages. */
export interface Place {
  file: string
  line: number
}

/** `<integration>`, or a destination of `outrider.yaml` that runs a script. spec/integratord.md section 2. */
export interface IntegrationBlock {
  place: Place
  name: string
  hook_url?: string
  api_key?: string
  /** 0 means no level filter. */
  level: number
  /** Undefined: no filter. An empty list matches nothing. */
  rule_id?: number[]
  /** The text as written: a comma list that is not trimmed. */
  group?: string
  /** OS_Match pattern. */
  event_location?: string
  max_log: number
  alert_format?: string
  options?: string
  timeout: number
  retries: number
}

/** `<command>`. */
export interface CommandBlock {
  place: Place
  name: string
  executable: string
  timeout_allowed: boolean
  extra_args?: string
  /** OSSEC only: which values the script gets. */
  expect?: string
}

/** `<active-response>`. spec/active-response.md section 1.2. */
export interface ActiveResponseBlock {
  place: Place
  command: string
  location: { server: boolean; local: boolean; defined: boolean; all: boolean }
  agent_id?: string
  rules_id: number[]
  /** OS_Regex pattern over the rule's raw group string. */
  rules_group?: string
  /** 0 means unset. */
  level: number
  /** Seconds; 0 means it is never undone. Already 0 where the command does not allow a timeout. */
  timeout: number
  /** Minutes, at most five. */
  repeated_offenders: number[]
}

/** `<wodle name="command">`. spec/wodle-command.md part A. */
export interface WodleCommandBlock {
  place: Place
  disabled: boolean
  tag: string
  command: string
  interval: { every: number; unit: 'seconds' | 'months' }
  day?: number
  /** 0 is Sunday. */
  wday?: number
  /** `hh:mm`. */
  time?: string
  run_on_start: boolean
  ignore_output: boolean
  /** Seconds; 0 means none. */
  timeout: number
  verify: { md5?: string; sha1?: string; sha256?: string; skip_verification: boolean }
}

/** `<localfile>`. spec/wodle-command.md part B. */
export interface LocalfileBlock {
  place: Place
  /** A path, a glob, or a path with strftime codes, as written. Relative ones are relative to the home folder. */
  location: string
  log_format: string
  /** For `command` and `full_command`. */
  command?: string
  alias?: string
  /** Seconds, for `command` and `full_command`. */
  frequency: number
  only_future_events: boolean
  labels: { key: string; value: string }[]
  ignore: { type: 'osmatch' | 'osregex' | 'pcre2'; pattern: string }[]
  restrict: { type: 'osmatch' | 'osregex' | 'pcre2'; pattern: string }[]
  exclude?: string
  out_format?: string
  /** For `multi-line-regex`: PCRE2; `timeout` in seconds, 1 to 120. */
  multiline_regex?: {
    pattern: string
    match: 'start' | 'all' | 'end'
    replace: 'no-replace' | 'none' | 'wspace' | 'tab'
    timeout: number
  }
  /** Seconds. */
  age?: number
}

/** `<ruleset>` after merging (spec/ossec-conf.md section 6). Paths as written. */
export interface RulesetBlock {
  place: Place
  rule_dir: { path: string; pattern: string }[]
  decoder_dir: { path: string; pattern: string }[]
  rule_include: string[]
  decoder_include: string[]
  rule_exclude: string[]
  decoder_exclude: string[]
  list: string[]
}

/** `<global>` and `<alerts>`. */
export interface GlobalBlock {
  jsonout_output: boolean
  alerts_log: boolean
  /** Rules of at least this level are written. Wazuh's code default is 1, its shipped file says 3. */
  log_alert_level: number
  email_alert_level: number
  /** As written; address entries and OS_Match patterns. */
  white_list: string[]
  /** Seconds; 0 is off. */
  rotate_interval: number
  /** Bytes; 0 is off. */
  max_output_size: number
  cluster?: { name: string; node_name?: string }
}

/** What one or several ossec.conf files say, of the parts we know. */
export interface OssecConfig {
  integrations: IntegrationBlock[]
  commands: CommandBlock[]
  responses: ActiveResponseBlock[]
  /** `<disabled>` of the first active-response block that has one, as execd reads it. */
  responses_disabled: boolean
  wodles: WodleCommandBlock[]
  localfiles: LocalfileBlock[]
  ruleset?: RulesetBlock
  global: GlobalBlock
}

/** A destination of `outrider.yaml`: one of our definitions, or a script named `custom-…`. */
export interface Destination {
  place: Place
  /** The key in `destinations:`; unique. A block of ossec.conf gets its own name, with `-2`, `-3` … when repeated. */
  name: string
  /** Name of a definition in `integrations/`, or `script`. */
  type: string
  /** For our definitions: parsed and complete, secrets resolved. */
  options: Record<string, unknown>
  /** For scripts: the block, as integratord would read it. */
  script?: IntegrationBlock
  /** The filters that `<integration>` knows; same names, same meaning. */
  filter: Pick<IntegrationBlock, 'level' | 'rule_id' | 'group' | 'event_location'>
  /** CEL over the alert's fields; both must hold. */
  where?: string
  except?: string
  /** How many at once; 1 keeps the file's order. */
  concurrency: number
  /** Seconds for one try; a script's process group is killed then. */
  deadline: number
  /** Requests per second at most; undefined is no limit. */
  rate?: number
  /** Alerts a second at most of those that are late, so that new ones get through. Default: as the rate. */
  catch_up?: number
  /** Liquid templates for the title and the text of messages. */
  title?: string
  body?: string
  /** Of messages; default English. */
  language?: 'en' | 'ru'
  /** IANA name, for times in messages. Default: as the manager wrote them. */
  timezone?: string
  /** Fields, as dotted paths, whose values make alerts one incident; none: all alerts are one. Undefined: each alert is sent by itself. */
  group_by?: string[]
  /** Seconds between two messages of an incident, and after which a quiet one is over. Default 3600. */
  repeat?: number
  /** CEL: an alert for which it holds ends the incident of its group, and is not sent by itself. */
  resolve_on?: string
  /** Seconds without an alert, after which an incident is over; default: `repeat`, with `resolve_on` seven days. */
  resolve_after?: number
  /** The end of a block ends the incident of the alert that has caused it. */
  resolve_with_block?: boolean
  /** Destination that gets the alert when this one cannot. */
  fallback?: string
  /** One message for all alerts of so many seconds, or at these times of day (`hh:mm`, in the time zone of messages). */
  digest?: { every: number } | { at: string[] }
  /** More messages than that in so many seconds: summaries until it is calm. */
  storm?: { alerts: number; within: number }
  /** False: no silence holds anything back from it. */
  silences?: boolean
  /** Look-ups that are asked about an alert before it is sent, by the names of their destinations; `geoip` is the database. */
  lookups?: string[]
  /** Seconds that an alert waits for their answers at most; default 5. */
  lookup_wait?: number
  /** Where a new destination begins: at the first alert after it was added, or at the start of what is there. */
  from: 'now' | 'start'
}

/** A receiver of `outrider.yaml`. */
export interface ReceiverSetting {
  place: Place
  name: string
  /** Name of a definition in `receivers/`. */
  type: string
  /** URL path, default `/webhook/NAME`. */
  path: string
  /** Absolute path of the file that the events are appended to; followed as a JSON localfile. */
  file: string
  options: Record<string, unknown>
  /** Bytes. */
  max_body: number
}

/** A wodle of `outrider.yaml`: one of our definitions on a schedule. */
export interface WodleSetting {
  place: Place
  tag: string
  /** Name of a definition in `wodles/`. */
  type: string
  /** Seconds. */
  interval: number
  run_on_start: boolean
  options: Record<string, unknown>
}

export interface ResponseSettings {
  /** False: only say what would be done. Default: false unless asked for. */
  enabled: boolean
  /** Commands, and our own responses, that only say it though responses are enabled. */
  dry_run?: string[]
  /** Options of our own responses, by name: of those that can be used. */
  options: Record<string, Record<string, unknown>>
  /** Our own responses whose options are wrong. They must not act with the defaults instead. */
  unusable?: string[]
  /** Addresses, networks, names and countries (`country:DE`) that are never acted on, besides the built-in guards and `<white_list>`. */
  never: string[]
  /** Addresses and names of the manager: as given, and as `<client>` of an ossec.conf says. */
  managers?: string[]
  /** At most this many new blocks a minute. */
  max_per_minute: number
  /** Seconds a script may run. */
  deadline: number
  /** What was said of the responder's limits; it has defaults for the rest. */
  tuning?: ResponseTuning
  /** Whose contract the script of a command speaks, by command. Default: Wazuh 4. */
  dialect?: Record<string, 'wazuh4' | 'ossec' | 'wazuh5'>
  /** Commands that the guards are not asked for, because they block nothing: messages, reports. `<white_list>` counts for them, too. */
  unguarded?: string[]
}

export interface ResponseTuning {
  /** Over `max_per_minute`: refuse, or ask a person for so many seconds, and then do that. */
  over_limit?: { kind: 'refuse' } | { kind: 'ask'; seconds: number; otherwise: 'refuse' | 'act' }
  /** For one who comes again; `longest` in seconds. */
  escalation?: { factor: number; longest: number; decay_ms: number }
  /** The widest networks that may be acted on, as prefix lengths. */
  widest?: { ipv4: number; ipv6: number }
  /** Before a script that does not answer is looked at. */
  answer_ms?: number
  /** Of a script's virtual memory. */
  max_memory_bytes?: number
  /** When Outrider is stopped, all that is in force is undone. */
  undo_on_stop?: boolean
}

/** Another machine that responses run on, over SSH: an agent of a Wazuh, or any machine with scripts in `active-response/bin`. */
export interface HostSetting {
  place: Place
  name: string
  /** Its name or id as an agent; unique. */
  agent: string
  /** `user@host`, an address, or a name that ssh's own configuration knows. */
  ssh: string
  port?: number
  /** Private key; absolute. Default: as ssh's own configuration says. */
  identity?: string
  /** Absolute. */
  known_hosts?: string
  /** Stands for /var/ossec there. */
  home: string
  /** Become root by sudo, which must not ask for a password. */
  sudo: boolean
}

export interface Config {
  /** Folder that stands for `/var/ossec`; absolute. */
  home: string
  /** `embedded`: our engine writes alerts.json. `beside`: a real Wazuh writes it and we follow. */
  engine: 'embedded' | 'beside'
  /** Absolute path of alerts.json. */
  alerts_file: string
  ossec: OssecConfig
  /** Files and folders of rules, decoders and lists besides those of `<ruleset>`; absolute. */
  rules: string[]
  decoders: string[]
  lists: string[]
  /** GeoIP database for the rules' `srcgeoip` and `dstgeoip`; absolute. */
  geoip?: string
  /** With `engine: beside`: Wazuh's queue socket, as it was named; absolute. */
  wazuh_socket?: string
  /** `url`: what people reach it by, without a slash at the end. */
  listen: { host: string; port: number; url?: string }
  destinations: Destination[]
  receivers: ReceiverSetting[]
  wodles: WodleSetting[]
  responses: ResponseSettings
  /** Where responses can run besides this machine. */
  hosts?: HostSetting[]
  /** Seconds that a silence may last at most. */
  longest_silence?: number
  /** The small local receiver of the demo runs when this is there. */
  demo?: { port: number }
  /** Every value that must never be shown. */
  secrets: string[]
  problems: Problem[]
}
