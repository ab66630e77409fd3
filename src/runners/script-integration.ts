/**
 * Runs one of our integrations as a script of wazuh-integratord (or of dcid's OSSEC): what `outrider build slack` makes is this file and the definition.
 *
 * ```
 * alert file ─▶ an Outrider on this machine takes it ───────────────────────────────▶ handed over
 *            └▶ else sent by ourselves, within the deadline ──┬─▶ 2xx ─▶ kept ones, oldest first ─▶ delivered
 *                                                             ├─▶ not now ─▶ on disk ─▶ kept, for the next runs
 *                                                             └─▶ never ─▶ rejected
 * ```
 *
 * integratord runs one script at a time and waits for it, so everything here has an end: the `<timeout>` of its block is the time for the whole run.
 *
 * Exit codes: 0 delivered, handed over or kept; 1 lost (rejected, or nothing could be kept); 2 wrong arguments or options; 6 and 7 no alert file, not an alert,
 * as with Wazuh's own scripts. dcid's OSSEC switches an integration off after any other than 0, so there only 2 says that a person must act.
 */
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Alert } from '../alert.ts'
import type { Integration, Outcome } from '../define.ts'
import { type Post, parseAlert, type Ship } from '../delivery/attempt.ts'
import { backoff } from '../delivery/backoff.ts'
import { openSessions } from '../delivery/session.ts'
import type { Transports } from '../delivery/transports.ts'
import { oneLine } from '../integrations/message.ts'
import { maskSecrets } from '../secrets.ts'
import { optionNames } from '../settings-check.ts'
import { type GivenAlert, readAlert } from './script-alert.ts'
import { parseArguments, type ScriptArguments } from './script-arguments.ts'
import { createPost } from './script-http.ts'
import { appendLine, logDate, say } from './script-log.ts'
import { checkOptions, type GivenOptions, readOptionsFile } from './script-options.ts'
import { handOver, socketPath } from './script-socket.ts'
import { openSpool, type Spool } from './script-spool.ts'

/** What a run came to. */
interface Ending {
  /** For the log, in one line; secrets may still be in it. */
  words: string
  code: 0 | 1 | 2 | 6 | 7
}

/** Kept alerts that one run delivers at most. */
const most_kept = 20
/** An Outrider on this machine answers within milliseconds. */
const socket_ms = 2000

/**
 * The whole program; ends the process.
 *
 * @param transports for a definition that sends something else than HTTP
 */
export async function main(definition: Integration, transports?: Pick<Transports, 'ship'>): Promise<void> {
  const [, script = '', ...args] = process.argv
  const name = basename(script)
  const home = dirname(dirname(script))
  const started = Date.now()
  const stop = new AbortController()
  // Whoever stops the daemon may stop us too; the alert is then kept.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop.abort())

  const given = parseArguments(args)
  const end = ({ words, code }: Ending, secrets: Iterable<string>): never => {
    const line = `${name}: ${code === 0 ? '' : 'error: '}${oneLine(maskSecrets(secrets)(words))}`
    appendLine(`${home}/logs/integrations.log`, `${logDate(Date.now())} ${line}`, 0o640)
    if (code !== 0 || given?.debug) say(line)
    process.exit(given?.dialect === 'ossec' && code === 1 ? 0 : code)
  }
  if (!given)
    return end(
      { words: 'wrong arguments: an alert file is needed, then api_key and hook_url (or an empty one)', code: 2 },
      [],
    )
  const run = new Run(definition, { script, name, home, given, started, signal: stop.signal, transports })
  process.once('uncaughtException', (error) => end(run.fault(error), run.secrets))
  end(await run.run().catch((error: Error) => run.fault(error)), run.secrets)
}

interface RunSettings {
  script: string
  name: string
  home: string
  given: ScriptArguments
  /** Milliseconds since 1970. */
  started: number
  signal: AbortSignal
  transports: Pick<Transports, 'ship'> | undefined
}

class Run {
  readonly secrets: Set<string>
  private readonly definition: Integration
  private readonly settings: RunSettings
  /** The alert, until it is delivered. */
  private given: GivenAlert | undefined
  private readonly spool: Spool
  /** An Outrider has started us: it tries again by itself, and hands nothing to itself. */
  private readonly isWithin = process.env.OUTRIDER_DESTINATION !== undefined

  constructor(definition: Integration, settings: RunSettings) {
    this.definition = definition
    this.settings = settings
    const { api_key = '', hook_url = '' } = settings.given
    this.secrets = new Set([api_key, hook_url])
    this.spool = openSpool(settings.home, settings.name)
  }

  async run(): Promise<Ending> {
    const { given, home, name } = this.settings
    let bytes: string
    try {
      bytes = readFileSync(given.alert_file, 'latin1')
    } catch (error) {
      return { words: `the alert file cannot be read: ${(error as Error).message}`, code: 6 }
    }
    const alert = readAlert(bytes, given.alert_file)
    if ('problem' in alert) return { words: `${given.alert_file} is no alert: ${alert.problem}`, code: 7 }
    this.given = alert

    if (!this.isWithin) {
      const request = { kind: 'alert', program: name, definition: this.definition.name, alert: alert.line } as const
      const answer = await handOver(socketPath(home), request, Math.min(socket_ms, this.left()))
      if (answer?.taken) return { words: `handed ${nameOf(alert.alert)} over to outrider in ${this.took()}`, code: 0 }
    }
    const { options, problem, secrets } = this.readOptions()
    for (const secret of secrets) this.secrets.add(secret)
    if (!options) return this.keep(alert, `wrong options: ${problem}`, 2)
    return this.send(alert, options)
  }

  private readOptions(): GivenOptions {
    const { script, home, given } = this.settings
    const { options: schema, name } = this.definition
    const names = optionNames(schema)
    const { api_key, hook_url } = given
    // A block has both elements for every script; those that a definition has no use for are not its business.
    const fromArguments = Object.entries({ api_key, hook_url }).filter(
      ([option, value]) => value !== undefined && names.includes(option),
    )
    try {
      const sources = [
        readOptionsFile(`${script}.json`, true),
        ...(given.options_file === undefined ? [] : [readOptionsFile(given.options_file, false)]),
        { name: 'arguments', values: Object.fromEntries(fromArguments) },
      ]
      const result = checkOptions(schema, sources, home)
      return result.problem === undefined ? result : { ...result, problem: `${name}: ${result.problem}` }
    } catch (error) {
      return { problem: (error as Error).message, secrets: new Set() }
    }
  }

  // ------------------------------------------------------------------------------------------------------------------- sending

  private async send(given: GivenAlert, options: Record<string, unknown>): Promise<Ending> {
    const { name, signal, transports } = this.settings
    const paused_ms = this.isWithin ? 0 : this.spool.paused_ms(Date.now())
    if (paused_ms > 0) return this.keep(given, `not tried: it was away, next try in ${Math.ceil(paused_ms / 1000)} s`)
    let post: Post
    try {
      const { ca_file, ssl_verify } = options as { ca_file?: string; ssl_verify?: boolean }
      post = createPost({ left_ms: () => this.left(), signal, ca_file, ssl_verify, env: process.env })
    } catch (error) {
      return this.keep(given, `ca_file: ${(error as Error).message}`, 2)
    }
    const ship: Ship | undefined =
      transports && ((outgoing) => transports.ship(outgoing, Math.max(1, this.left()), signal))
    const sessions = openSessions(this.definition)
    const once = async ({ alert, line }: GivenAlert): Promise<Outcome> => {
      const destination = { destination: name, line, alert, now: Date.now, signal, left_ms: () => this.left() }
      const { outcome, request, answer } = await sessions.attempt(options, destination, post, ship)
      if (this.settings.given.debug)
        for (const text of [request?.(), answer]) if (text) say(maskSecrets(this.secrets)(text))
      return outcome
    }
    const ending = await this.sendAll(given, once)
    await sessions.close(options, post)
    return ending
  }

  private async sendAll(given: GivenAlert, once: (given: GivenAlert) => Promise<Outcome>): Promise<Ending> {
    const { outcome, tries } = await this.tryAgain(() => once(given))
    const after = `after ${tries} ${tries === 1 ? 'try' : 'tries'}`
    switch (outcome.kind) {
      case 'delivered': {
        this.given = undefined
        const more = this.isWithin ? '' : await this.drain(once)
        return { words: `delivered ${nameOf(given.alert)} in ${this.took()}${more}`, code: 0 }
      }
      case 'rejected':
        // It is there, and only this alert is not to its liking.
        if (!this.isWithin) this.spool.worked()
        return { words: `rejected ${nameOf(given.alert)} ${after}: ${outcome.reason}`, code: 1 }
      case 'paused':
        if (!this.isWithin) this.spool.failed(Date.now(), undefined)
        return this.keep(given, `${outcome.reason}; a person must act`, 1)
      case 'retry':
        return this.away(given, outcome, after)
    }
  }

  private async tryAgain(once: () => Promise<Outcome>): Promise<{ outcome: Outcome; tries: number }> {
    for (let tries = 1; ; tries++) {
      const outcome = await once()
      // Within an Outrider one try is one try: it knows better when the next is due.
      if (outcome.kind !== 'retry' || this.isWithin || tries > this.settings.given.retries) return { outcome, tries }
      const wait_ms = Math.max(backoff(tries, 500, 5000, Math.random()), outcome.after_ms ?? 0)
      if (this.settings.signal.aborted || wait_ms >= this.left()) return { outcome, tries }
      await new Promise((resolve) => setTimeout(resolve, wait_ms))
    }
  }

  private away(given: GivenAlert, outcome: Outcome & { kind: 'retry' }, after: string): Ending {
    const words = `${outcome.reason} (${after})`
    if (this.isWithin) return { words: `not delivered ${nameOf(given.alert)}: ${words}`, code: 1 }
    const ending = this.keep(given, words)
    this.spool.failed(Date.now(), outcome.after_ms)
    return ending
  }

  /** The destination works: what is kept goes too, as far as the time allows. */
  private async drain(once: (given: GivenAlert) => Promise<Outcome>): Promise<string> {
    this.spool.worked()
    let sent = 0
    let rejected = 0
    await this.spool.drain(most_kept, async (line) => {
      const alert = parseAlert(line)
      if (!alert) return 'gone'
      if (this.left() < 1000 || this.settings.signal.aborted) return 'stop'
      const outcome = await once({ alert, line })
      if (outcome.kind === 'delivered') sent++
      else if (outcome.kind === 'rejected') rejected++
      else return outcome.kind === 'retry' && !outcome.busy ? 'stays' : 'stop'
      return 'gone'
    })
    const rest = this.spool.count()
    return [
      sent > 0 && `, and ${sent} kept before`,
      rejected > 0 && `, ${rejected} kept before were rejected`,
      rest > 0 && `, ${rest} still wait`,
    ]
      .filter(Boolean)
      .join('')
  }

  // ------------------------------------------------------------------------------------------------------------------- keeping

  private keep({ alert, line }: GivenAlert, why: string, code: Ending['code'] = 0): Ending {
    if (this.isWithin) return { words: `not delivered ${nameOf(alert)}: ${why}`, code: code || 1 }
    try {
      this.spool.keep(line, this.settings.started)
    } catch (error) {
      return { words: `lost ${nameOf(alert)}: ${why}; ${(error as Error).message}`, code: code || 1 }
    }
    return { words: `kept ${nameOf(alert)} for later: ${why}; ${this.spool.count()} wait`, code }
  }

  /** What nobody planned for. */
  fault(error: Error): Ending {
    const words = `fault of ours: ${error.stack}`
    return this.given ? this.keep(this.given, words, 1) : { words, code: 1 }
  }

  private left(): number {
    return this.settings.given.timeout * 1000 - (Date.now() - this.settings.started)
  }

  private took(): string {
    return `${Date.now() - this.settings.started} ms`
  }
}

function nameOf({ id, rule }: Alert): string {
  return `alert ${id || '?'} (rule ${rule.id}, level ${rule.level})`
}
