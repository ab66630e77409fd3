/** A session: one stream of events against a ruleset, with the counters and memories that belong to it. analysisd.c and logtest.c, 4.14.7. */
import { alertJson } from './alert-json.ts'
import { type AlertOrigin, type AlertPrinter, outputOf, type RuleOutput } from './alert-parts.ts'
import { alertText } from './alert-text.ts'
import { EngineDecision } from './decision.ts'
import { createDecoderMemory, type DecoderMemory, decode, decodeEventChannel, predecode } from './decoding/index.ts'
import { EngineEvent, Static } from './event.ts'
import { FastPrinter } from './fast/alert.ts'
import { IndexedMemory } from './fast/memory.ts'
import { FastSearch } from './fast/rules.ts'
import type { Decision, DiffStore, EngineInput, Ruleset, Session, SessionOptions } from './index.ts'
import { asLoaded, type LoadedRuleset } from './load.ts'
import { LocalTime } from './local-time.ts'
import { FirstSeen } from './rules/first-seen.ts'
import { EventMemory } from './rules/memory.ts'
import { alertFlags, type Rule } from './rules/rule.ts'
import { type SearchState, searchTree, type Walk } from './rules/search.ts'

const firewallFields = [Static.action, Static.srcip, Static.dstip, Static.srcport, Static.dstport, Static.protocol]

/** What of a session belongs to its ruleset and goes with it. */
interface RuleState {
  ruleset: LoadedRuleset
  search: SearchState
  /** Missing for the plain way. */
  fast?: FastSearch
  decoders: DecoderMemory
  /** Seconds since 1970 when the `ignore` window of a rule began; 0 for none. */
  ignored: number[]
  /** By index of the rule; made when it first wins, since a session of logtest sees few of them. */
  outputs: (RuleOutput | undefined)[]
}

export class EngineSession implements Session {
  private readonly options: SessionOptions
  private readonly shortHost: string
  private readonly time: LocalTime
  private readonly diff: DiffStore
  private readonly printer: AlertPrinter
  private state: RuleState
  private hour = -1

  constructor(ruleset: LoadedRuleset, options: SessionOptions) {
    this.options = options
    this.shortHost = options.hostname.replace(/\.[\s\S]*$/, '')
    this.time = new LocalTime(options.utc_offset)
    this.diff = options.diff ?? createDiffStore()
    const { cluster, hostname: manager, mode } = options
    const origin: AlertOrigin = { manager, cluster, withLevelZero: mode === 'logtest' }
    this.printer = ruleset.plain ? plainPrinter(origin) : new FastPrinter(origin)
    this.state = this.createState(ruleset, new FirstSeen(options.fts_seen, options.on_fts))
  }

  private createState(ruleset: LoadedRuleset, first_seen: FirstSeen): RuleState {
    const { byId } = ruleset
    const size = Math.max(2_048, this.options.memory_size ?? 8_192)
    const clock = () => this.time.clock()
    const search: SearchState = {
      memory: ruleset.plain
        ? new EventMemory(size, ruleset.maxFrequency)
        : new IndexedMemory(size, ruleset.maxFrequency, ruleset.records),
      first_seen,
      diff: this.diff,
      firedtimes: new Array<number>(ruleset.records.length).fill(0),
      clock,
    }
    return {
      ruleset,
      search,
      ...(ruleset.plain ? {} : { fast: new FastSearch(ruleset.fast(), search, clock) }),
      decoders: createDecoderMemory(
        this.options.mode === 'live' ? { isRule: (id: string) => byId.has(Number(id)) } : {},
      ),
      ignored: new Array<number>(ruleset.records.length).fill(0),
      outputs: [],
    }
  }

  process(input: EngineInput, at_ms: number, options: { debug?: boolean; explain?: boolean } = {}): Decision {
    const { search, ruleset, decoders } = this.state
    const event = new EngineEvent()
    event.at_ms = at_ms
    const { seconds, hour } = this.time.at(at_ms)
    const walk: Walk = {
      current: { event, at: seconds, matched: 0, rule: undefined! },
      notes: [],
      previous_log: undefined,
      parent: undefined,
      firedtimes: -1,
      debug: options.debug ? [] : undefined,
      tried: options.explain ? [] : undefined,
    }
    if (!predecode(event, input, this.shortHost)) return this.dropped(walk)
    if (input.kind === 'eventchannel') {
      if (!decodeEventChannel(event, ruleset.decoding)) return this.dropped(walk)
    } else decode(event, ruleset.decoding, decoders, at_ms)
    if (this.options.mode === 'live') {
      this.resetHourly(hour)
      if (event.type === 'firewall' && this.isIncompleteFirewall(event)) return this.dropped(walk)
    }
    const found = this.findRule(event, walk, search, ruleset)
    return found === 'drop' ? this.dropped(walk) : this.decide(found, walk)
  }

  private findRule(
    event: EngineEvent,
    walk: Walk,
    search: SearchState,
    ruleset: LoadedRuleset,
  ): Rule | undefined | 'drop' {
    if (event.type !== 'ossec-alert') {
      // Who wants to see every rule that is tried gets the plain walk.
      const { fast } = this.state
      return fast && !walk.debug && !walk.tried ? fast.find(walk) : searchTree(ruleset.top, search, walk)
    }
    // A forwarded alert is raised again by its id; logtest knows none and shows no rule.
    if (this.options.mode === 'logtest') return undefined
    const forwarded = event.forwarded_rule === undefined ? undefined : this.state.ruleset.byId.get(event.forwarded_rule)
    return forwarded ?? 'drop'
  }

  private isIncompleteFirewall(event: EngineEvent): boolean {
    return this.options.log_fw !== false && firewallFields.some((field) => event.statics[field] === undefined)
  }

  /** In the daemon the counters of all rules begin anew with every hour of the local clock. */
  private resetHourly(hour: number): void {
    if (hour === this.hour) return
    if (this.hour !== -1) this.state.search.firedtimes.fill(0)
    this.hour = hour
  }

  private decide(found: Rule | undefined, walk: Walk): Decision {
    const live = this.options.mode === 'live'
    if (!found) return this.decision(walk, undefined, false, false)
    let rule = found
    if (rule.level === 0) return this.decision(walk, rule, false, false)
    if (rule.ignore_time > 0) {
      const since = this.state.ignored[rule.index]!
      if (since === 0) this.state.ignored[rule.index] = walk.current.at
      else if (walk.current.at - since < rule.ignore_time) {
        if (!live || !walk.parent) return this.decision(walk, live ? undefined : rule, false, false)
        // Inside the window the parent takes the event, with the count of the child.
        rule = walk.parent
        walk.notes.length = 0
      } else this.state.ignored[rule.index] = live ? walk.current.at : 0
    }
    const { flags, no_ar } = this.outputOf(rule)
    const alert = live ? flags.log : rule.level >= (this.options.log_alert_level ?? 3)
    const decision = this.decision(walk, rule, alert, rule.level > 0 && !no_ar)
    walk.current.rule = rule
    this.state.search.memory.store(walk.current)
    return decision
  }

  private dropped(walk: Walk): Decision {
    return new EngineDecision(walk, undefined, this.time.at(walk.current.event.at_ms), this.printer, 'dropped')
  }

  private decision(walk: Walk, rule: Rule | undefined, alert: boolean, respond: boolean): Decision {
    const outcome = alert ? (respond ? 'alert, respond' : 'alert') : respond ? 'respond' : 'nothing'
    const output = rule && this.outputOf(rule)
    return new EngineDecision(walk, output, this.time.at(walk.current.event.at_ms), this.printer, outcome)
  }

  private outputOf(rule: Rule): RuleOutput {
    const { log_alert_level = 3, email_alert_level = 12 } = this.options
    return (this.state.outputs[rule.index] ??= outputOf(rule, alertFlags(rule, log_alert_level, email_alert_level)))
  }

  reload(ruleset: Ruleset): void {
    const old = this.state
    const next = this.createState(asLoaded(ruleset), old.search.first_seen)
    this.state = next
    for (const [key, entry] of old.decoders.accumulated) next.decoders.accumulated.set(key, entry)
    // Counters begin anew, as in Wazuh. A rule keeps its window and its events when it is still there.
    for (const rule of next.ruleset.records) {
      const before = old.ruleset.byId.get(rule.id)
      if (before) next.ignored[rule.index] = old.ignored[before.index]!
    }
    for (const earlier of old.search.memory.events()) {
      if (typeof earlier === 'number') {
        next.search.memory.store(earlier)
        continue
      }
      const rule = next.ruleset.byId.get(earlier.rule.id)
      if (rule) next.search.memory.store({ ...earlier, rule })
    }
  }
}

function plainPrinter(origin: AlertOrigin): AlertPrinter {
  return {
    addJson: (to, parts, offset) => to.add(alertJson(parts, origin, offset)),
    addText: (to, parts, offset) => to.add(alertText(parts, offset)),
  }
}

function createDiffStore(): DiffStore {
  const logs = new Map<string, string>()
  return {
    get: (hostname, rule) => logs.get(`${rule} ${hostname}`),
    set: (hostname, rule, log) => void logs.set(`${rule} ${hostname}`, log),
  }
}
