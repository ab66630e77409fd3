/**
 * Runs one of our responses as a script in `active-response/bin`: what `outrider build firewall-drop` makes is this file and the definition.
 *
 * ```
 * add ─▶ an Outrider on this machine takes it ─▶ a lease: Outrider acts and undoes it. execd hears nothing, and so keeps nothing in mind
 *     └▶ else: guards ─▶ check_keys ─▶ continue ─▶ the definition's steps ─▶ in force until execd says delete
 *                                   └▶ abort ────▶ nothing
 * delete ─▶ a lease of Outrider's holds it ─▶ nothing
 *        └▶ else the definition's steps back
 * ```
 *
 * execd runs one script at a time and waits for it without an end of its own; here everything ends after some seconds.
 *
 * Every run leaves lines in logs/active-responses.log, in the form of Wazuh's own programs. The message of execd is among them, as rules 650 to 658 want it,
 * but only when what it asks for was done: then "Host Blocked" means that the host is blocked.
 */
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Response } from '../define.ts'
import { oneLine } from '../integrations/message.ts'
import { type Actor, createActor, type Failures } from '../responses/actor.ts'
import type { Http } from '../responses/steps.ts'
import { maskSecrets } from '../secrets.ts'
import { refusalOf } from './script-guards.ts'
import { createPost } from './script-http.ts'
import { appendLine, logDate, say } from './script-log.ts'
import { checkOptions, type GivenOptions, readOptionsFile } from './script-options.ts'
import { checkKeys, type Order, parseDecision, parseOrder, parsePositional, secondsIn } from './script-orders.ts'
import { type HandOverAnswer, handOver, socketPath } from './script-socket.ts'

/** For a whole run, unless NAME.json says otherwise, and for one command or request within it. */
const total_ms = 15_000
const step_ms = 5000
/** execd writes at once, and answers within milliseconds. */
const stdin_ms = 5000
const socket_ms = 2000
const most_bytes = 1 << 20
/** Of a service's answer: a list of ten thousand addresses is 1 MB. */
const most_answer_bytes = 16 << 20

/** What a run came to. `done`: what the order asks for is so now. */
interface Ending {
  words: string
  code: 0 | 1 | 2
  done?: boolean
}

/** The whole program; ends the process. */
export async function main(definition: Response): Promise<void> {
  const [, script = '', ...args] = process.argv
  const run = new Run(definition, script)
  const fault = (error: Error) => run.end({ words: `fault of ours: ${error.stack}`, code: 1 })
  process.once('uncaughtException', (error) => process.exit(fault(error).code))
  const { code } = await run.run(args).catch(fault)
  process.exit(code)
}

class Run {
  private readonly definition: Response
  private readonly script: string
  private readonly name: string
  private readonly home: string
  private readonly started = Date.now()
  private readonly secrets = new Set<string>()
  /** An Outrider has started us: it has a lease, and has asked its guards. */
  private readonly isWithin = process.env.OUTRIDER_LEASE !== undefined
  private order: Order | undefined
  private deadline_ms = total_ms

  constructor(definition: Response, script: string) {
    this.definition = definition
    this.script = script
    this.name = basename(script)
    this.home = dirname(dirname(dirname(script)))
  }

  async run(args: readonly string[]): Promise<Ending> {
    const input = args.length > 0 ? undefined : readLines(process.stdin)
    const first = await input?.next(stdin_ms)
    if (input && first === undefined) return this.end({ words: 'nothing came on standard input', code: 1 })
    const order = first === undefined ? parsePositional(args) : parseOrder(first)
    if ('problem' in order) return this.end({ words: order.problem, code: 1 })
    this.order = order
    const { options, never, deadline, problem, secrets } = this.readOptions(order)
    this.deadline_ms = deadline * 1000
    for (const secret of secrets) this.secrets.add(secret)
    if (!options) return this.end({ words: `wrong options: ${problem}`, code: 2 })

    const { acts_on } = this.definition
    const key = this.definition.key(order.alert, options)
    if (key === undefined) return this.end({ words: `the alert names no ${acts_on} to act on`, code: 1 })
    const actor = createActor(this.definition, options, this.stepContext(options))
    return this.end(
      order.word === 'add' ? await this.add(key, order, actor, never, input) : await this.remove(key, order, actor),
    )
  }

  // --------------------------------------------------------------------------------------------------------------- add and delete

  private async add(
    key: string,
    order: Order,
    actor: Actor,
    never: readonly string[],
    input: Lines | undefined,
  ): Promise<Ending> {
    const seconds = order.seconds ?? secondsIn(this.read('etc/shared/ar.conf'), this.name)
    // With a time that is not known no lease can be made: execd knows it, and keeps it in mind.
    const answer = seconds === undefined ? undefined : await this.ask('add', key, order, seconds)
    if (answer?.taken) {
      if (answer.refused !== undefined) return { words: `Refused by outrider: ${answer.refused}`, code: 0 }
      const until = seconds === 0 ? 'until somebody ends it' : `for ${seconds} s`
      return { words: `outrider has taken ${key} over ${until}`, code: 0, done: true }
    }
    const { needs_root, name } = this.definition
    if (needs_root && process.getuid?.() !== 0) return { words: `${name} needs root`, code: 1 }
    const refusal = this.isWithin ? undefined : await refusalOf(this.definition, key, { home: this.home, never })
    if (refusal) return { words: `Refused (${refusal.guard}): ${refusal.reason}`, code: 0 }

    if (input) {
      say(checkKeys(this.name, [key]))
      const decision = parseDecision(await input.next(Math.min(stdin_ms, this.left())))
      if (decision === undefined)
        return { words: `execd gave no answer to check_keys for ${key}; nothing was done`, code: 1 }
      if (decision === 'abort') return { words: `Aborted: execd has ${key} in force already`, code: 0 }
    }
    // For ever: execd's delete ends it, and execd alone knows when. It may prolong what is in force without telling us.
    const failures = await actor.add([{ key, seconds: 0 }])
    return this.result('acted on', key, failures)
  }

  private async remove(key: string, order: Order, actor: Actor): Promise<Ending> {
    const { name, needs_root, delete: one, deleteMany } = this.definition
    if (!one && !deleteMany) return { words: `Ended: ${name} cannot be undone`, code: 0 }
    const answer = await this.ask('delete', key, order)
    if (answer?.taken) return { words: `a lease of outrider holds ${key}, and ends by itself`, code: 0 }
    if (needs_root && process.getuid?.() !== 0) return { words: `${name} needs root`, code: 1 }
    return this.result('undid', key, await actor.remove([key]))
  }

  private result(what: string, key: string, failures: Failures): Ending {
    const failure = failures.get(key)
    if (failure?.kind === 'nothing to do')
      return { words: `Ended: nothing to do for ${key}: ${failure.reason}`, code: 0 }
    if (failure) return { words: `${key}: ${failure.reason}`, code: 1 }
    return { words: `Ended: ${what} ${key} in ${Date.now() - this.started} ms`, code: 0, done: true }
  }

  private async ask(
    kind: 'add' | 'delete',
    key: string,
    order: Order,
    seconds?: number,
  ): Promise<HandOverAnswer | undefined> {
    if (this.isWithin) return undefined
    const request = { kind, program: this.name, definition: this.definition.name, key, seconds, alert: order.json }
    return handOver(socketPath(this.home), request, Math.min(socket_ms, this.left()))
  }

  // ---------------------------------------------------------------------------------------------------------------------- options

  /** From NAME.json beside the script, where `never` and `deadline` mean what they mean in outrider.yaml, and `<extra_args>name=value …</extra_args>`. */
  private readOptions({ extra_args }: Order): GivenOptions & { never: string[]; deadline: number } {
    const { options: schema } = this.definition
    try {
      const file = readOptionsFile(`${this.script}.json`, true)
      const { never = [], deadline = total_ms / 1000, ...values } = file.values
      if (!Array.isArray(never) || never.some((entry) => typeof entry !== 'string'))
        throw new Error(`options file ${file.name}: never: not a list of addresses, networks and names`)
      if (typeof deadline !== 'number' || !(deadline > 0))
        throw new Error(`options file ${file.name}: deadline: not a number of seconds`)
      const given: Record<string, unknown> = {}
      for (const arg of extra_args) {
        const [, option, value] = /^([a-z]\w*)=(.*)$/s.exec(arg) ?? []
        if (option === undefined) throw new Error(`extra_args: "${arg}" is not name=value`)
        given[option] = value
      }
      const all = { ...values, ...given }
      // Everything in extra_args is text; where the schema wants something else, what the text means as JSON.
      for (const { code, path } of schema.safeParse(all).error?.issues ?? []) {
        const [option] = path
        if (code === 'invalid_type' && path.length === 1 && typeof option === 'string' && Object.hasOwn(given, option))
          given[option] = jsonOr(given[option] as string)
      }
      const sources = [
        { name: file.name, values },
        { name: 'extra_args', values: given },
      ]
      return { ...checkOptions(schema, sources, this.home), never, deadline }
    } catch (error) {
      return { problem: (error as Error).message, secrets: new Set(), never: [], deadline: total_ms / 1000 }
    }
  }

  private stepContext(options: Record<string, unknown>) {
    const left = () => Math.max(1, Math.min(step_ms, this.left()))
    const { ca_file, ssl_verify } = options as { ca_file?: string; ssl_verify?: boolean }
    const http: Http = async (request, timeout_ms) => {
      const post = { left_ms: () => timeout_ms, ca_file, ssl_verify, most_bytes: most_answer_bytes, env: process.env }
      const result = await createPost(post)(request, true)
      if (result.kind === 'answer') return result.response
      throw new Error(result.reason)
    }
    return {
      // Asked before each step.
      get deadline_ms() {
        return left()
      },
      http,
    }
  }

  private read(path: string): string {
    try {
      return readFileSync(`${this.home}/${path}`, 'utf8')
    } catch {
      return '' // not there: this machine's execd has its times elsewhere
    }
  }

  private left(): number {
    return this.deadline_ms - (Date.now() - this.started)
  }

  // --------------------------------------------------------------------------------------------------------------------------- log

  end(ending: Ending): Ending {
    const { words, code, done } = ending
    if (done && this.order) this.writeReceived(this.order)
    this.write(code === 0 ? words : `Error: ${words}`)
    // Rule 658: somebody should look, for the host is not blocked.
    if (code === 1 && this.order?.word === 'add' && this.definition.acts_on === 'address')
      this.write(JSON.stringify({ message: words, script: this.name, status: 'inactive' }))
    return ending
  }

  private writeReceived({ dialect, received }: Order): void {
    if (dialect !== 'ossec') {
      this.write(received)
      return
    }
    // As OSSEC's scripts do, for its decoder: `date` and the command line.
    const [weekday, month, day, year, time, zone] = new Date().toString().split(' ')
    const date = `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${zone!.slice(3)} ${year}`
    this.append(`${date} ${this.script} ${received}`)
  }

  private write(text: string): void {
    this.append(`${logDate(Date.now())} active-response/bin/${this.name}: ${text}`)
  }

  private append(line: string): void {
    appendLine(`${this.home}/logs/active-responses.log`, oneLine(maskSecrets(this.secrets)(line)), 0o660)
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

interface Lines {
  /** The next line, a byte string; undefined at the end of the input, or when none comes within the time. */
  next(ms: number): Promise<string | undefined>
}

/** Never to the end of the input: execd keeps it open while it waits for us. */
function readLines(stream: NodeJS.ReadStream): Lines {
  let text = ''
  let hasEnded = false
  let look = (): void => {}
  stream.setEncoding('latin1')
  stream.on('data', (part: string) => {
    text += part
    if (text.length > most_bytes) stream.pause()
    look()
  })
  for (const event of ['end', 'error'])
    stream.on(event, () => {
      hasEnded = true
      look()
    })
  return {
    next: (ms) =>
      new Promise((resolve) => {
        const give = (line: string | undefined): void => {
          clearTimeout(timer)
          look = () => {}
          resolve(line)
        }
        const timer = setTimeout(() => give(undefined), ms)
        look = () => {
          const end = text.indexOf('\n')
          const isLast = end < 0 && (hasEnded || text.length > most_bytes)
          if (end < 0 && !isLast) return
          const line = isLast ? text : text.slice(0, end)
          text = isLast ? '' : text.slice(end + 1)
          give(isLast && line === '' ? undefined : line)
        }
        look()
      }),
  }
}
