/**
 * Runs a scripted response as execd does (see wazuh/execd.ts for the words), without what makes execd hang or forget.
 *
 * Deadline and process group are those of inputs/process.ts. And: execd keeps stdin open and waits for an answer for ever, so a script that reads stdin
 * to its end waits for execd, and execd for it. Here stdin is closed once the script has not answered for a while *and* is seen waiting for
 * more input. Both are needed: an interpreter on a busy machine may need a second to start, and a script whose handshake is right would find
 * its stdin closed where `continue` should stand. Where a look at the process is not possible it gets ten times as long.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { fromBytes } from '../alert.ts'
import type { HostSetting } from '../config.ts'
import { failureOf, type ProgramResult, type Running, startProgram } from '../inputs/process.ts'
import { type Answer, argvFor, maxAnswerBytes, messageFor, parseAnswer, type ScriptCall } from '../wazuh/execd.ts'
import { argumentLines, awaitMark, type Beginning, judgeSsh, type Link, localDeadline, sshArgv } from './ssh.ts'

export interface ScriptOptions {
  /** Stands for /var/ossec: the working folder, and where `program` is looked for. */
  home: string
  /** From the start until the script is ended. */
  deadline_ms: number
  /** How long it may take to answer before it is looked at. Default 1,000. */
  answer_ms?: number
  env?: Record<string, string | undefined>
  /** In virtual memory, by ulimit(1). Default: no limit. */
  max_memory_bytes?: number
  /** Where it runs. Default: on this machine. */
  host?: HostSetting | undefined
  /** Another host that has not been reached by then is waited for no longer. */
  hang_up?: AbortSignal
  /** Sees the conversation: what was said, by whom, when. */
  on_line?(line: ScriptLine): void
}

export interface ScriptLine {
  /** Since the start. */
  at_ms: number
  from: 'us' | 'script'
  /** Without line end; undefined when stdin was closed. */
  text?: string
}

export interface ScriptRun {
  /** The first line it printed; undefined when it ended without one. */
  answer?: Answer
  /** What it was told then. */
  decision?: 'continue' | 'abort'
  /** It was seen to wait for the end of its input instead of answering, and got it. */
  reads_to_end: boolean
  result: ProgramResult
  /** In words, when it did not go well. */
  failure?: string
  /** False: the script was not begun, so nothing was done. */
  has_begun: boolean
  /** What went wrong on the way to another host. */
  link?: Link
}

/**
 * Starts the script with `add` and answers its question.
 *
 * @param decide called once, as soon as the first line is there; what it keeps must be kept when it returns, since the script acts next
 * @throws what `decide` throws; the script was then told to abort
 */
export async function runAdd(
  call: ScriptCall,
  options: ScriptOptions & { decide(answer: Answer): 'continue' | 'abort' },
): Promise<ScriptRun> {
  const started = performance.now()
  const note = (from: ScriptLine['from'], text?: string) =>
    options.on_line?.({ at_ms: Math.round(performance.now() - started), from, text })
  const speaks = call.dialect !== 'ossec'
  let answer: Answer | undefined
  let decision: 'continue' | 'abort' | undefined
  let undecided: unknown
  let readsToEnd = false
  let printed = ''
  let watch: NodeJS.Timeout | undefined
  const beginning = options.host && awaitMark(() => startWatch())

  const running = startProgram({
    ...programOptions(call, 'add', options),
    ...(speaks && { stdin: 'open' as const }),
    on_output(all) {
      const bytes = beginning ? beginning.take(all) : all
      if (answer || !speaks) return
      printed += bytes.toString('latin1')
      const end = printed.indexOf('\n')
      if (end >= 0) hear(printed.slice(0, Math.min(end, maxAnswerBytes)))
      else if (printed.length >= maxAnswerBytes) hear(printed.slice(0, maxAnswerBytes))
    },
  })
  const say = (message: string) => {
    note('us', fromBytes(message).trimEnd())
    running.write(Buffer.from(message, 'latin1'))
  }
  function hear(bytes: string): void {
    const line = fromBytes(bytes)
    note('script', line)
    answer = parseAnswer(line)
    try {
      decision = options.decide(answer)
    } catch (error) {
      // What was decided could not be kept, so it must not be done.
      undecided = error
      decision = 'abort'
    }
    say(messageFor(call, decision))
    running.end()
  }

  function startWatch(): void {
    if (!speaks || running.pid === undefined) return
    watch = watchForReader(running.pid, options.answer_ms ?? 1000, (isReader) => {
      if (answer) return
      readsToEnd = isReader
      note('us')
      running.end()
    })
  }
  if (speaks && running.pid !== undefined) {
    say(messageFor(call, 'add'))
    // On another host it begins when the connection stands.
    if (!beginning) startWatch()
  }
  const result = await untilHungUp(running, options, beginning)
  clearInterval(watch)
  // A last line without its end counts for fgets(3), too.
  if (speaks && !answer && printed !== '') hear(printed)
  if (undecided !== undefined) throw undecided
  return { answer, decision, reads_to_end: readsToEnd, result, ...outcome(result, options.host, beginning?.hasBegun) }
}

/** Starts the script with `delete`: one line, end of stdin, no conversation. */
export async function runDelete(call: ScriptCall, options: ScriptOptions): Promise<ScriptRun> {
  const message = messageFor(call, 'delete')
  if (message !== '') options.on_line?.({ at_ms: 0, from: 'us', text: fromBytes(message).trimEnd() })
  const beginning = options.host && awaitMark(() => {})
  const running = startProgram({
    ...programOptions(call, 'delete', options),
    ...(message !== '' && { stdin: Buffer.from(message, 'latin1') }),
    on_output: (bytes) => void beginning?.take(bytes),
  })
  const result = await untilHungUp(running, options, beginning)
  return { reads_to_end: false, result, ...outcome(result, options.host, beginning?.hasBegun) }
}

async function untilHungUp(
  running: Running,
  { hang_up }: ScriptOptions,
  beginning: Beginning | undefined,
): Promise<ProgramResult> {
  if (!beginning) return running.done
  const stop = () => {
    if (!beginning.hasBegun) running.stop()
  }
  hang_up?.addEventListener('abort', stop)
  const result = await running.done
  hang_up?.removeEventListener('abort', stop)
  return result
}

function outcome(result: ProgramResult, host: HostSetting | undefined, hasBegun = false) {
  if (!host) return { failure: explain(result), has_begun: result.failure === undefined }
  return { ...judgeSsh(host, result, hasBegun), has_begun: hasBegun }
}

function programOptions(call: ScriptCall, word: 'add' | 'delete', options: ScriptOptions) {
  const { home, deadline_ms, env, max_memory_bytes, host } = options
  const argv = argvFor(call, word)
  return {
    argv: host ? sshArgv(host, call, options) : max_memory_bytes === undefined ? argv : limited(argv, max_memory_bytes),
    cwd: home,
    env: env && { ...process.env, ...env },
    deadline_ms: host ? localDeadline(deadline_ms) : deadline_ms,
    // OSSEC's arguments; what a script of Wazuh hears replaces it.
    stdin: host && call.dialect === 'ossec' ? argumentLines(argv.slice(1)) : undefined,
    // Real scripts leave daemons behind (restart-wazuh): they are not ours to end, and nobody waits for their output.
    leftovers: 'leave' as const,
    linger_ms: 100,
    max_output_bytes: 16_384,
    stderr: 'separate' as const,
  }
}

/** ulimit counts KiB. `exec` leaves the same process with the same `$0`. */
function limited(argv: [string, ...string[]], bytes: number): [string, ...string[]] {
  return ['/bin/sh', '-c', `ulimit -v ${Math.ceil(bytes / 1024)} && exec "$0" "$@"`, ...argv]
}

function explain(result: ProgramResult): string | undefined {
  const failure = failureOf(result)
  const last = fromBytes(result.stderr).trim().split('\n').at(-1)
  return failure && last ? `${failure}: ${last.slice(0, 500)}` : failure
}

/**
 * Ends the scripts that were started for these leases and outlived us: what they still do would come after what we are about to do. They are
 * known by their environment, which is theirs alone.
 *
 * @returns how many there were
 */
export function endOrphans(leases: ReadonlySet<string>): number {
  if (leases.size === 0) return 0
  let ended = 0
  for (const pid of processes()) {
    const lease = /(?:^|\0)OUTRIDER_LEASE=([^\0]*)/.exec(readProc(pid, 'environ'))?.[1]
    if (lease === undefined || !leases.has(lease)) continue
    try {
      process.kill(pid, 'SIGKILL')
      ended++
    } catch {
      // it has ended
    }
  }
  return ended
}

// ------------------------------------------------------------------------------------------------ is it waiting for its input to end?

/** Number of read(2), by processor; without it we cannot tell. */
const readCall: Record<string, string> = { x64: '0', arm64: '63' }

function watchForReader(pid: number, patience_ms: number, close: (isReader: boolean) => void): NodeJS.Timeout {
  const input = linkOf(pid, 0)
  const started = performance.now()
  let seen = 0
  const timer = setInterval(
    () => {
      const waited = performance.now() - started
      if (waited < patience_ms) return
      // Three looks in a row: where we ourselves were held up, our line may still be on its way to a script that waits for just that.
      seen = input !== undefined && family(pid).some((member) => isReading(member, input)) ? seen + 1 : 0
      const isReader = seen >= 3
      if (!isReader && waited < 10 * patience_ms) return
      clearInterval(timer)
      close(isReader)
    },
    Math.max(10, patience_ms / 10),
  )
  return timer
}

/** /proc/PID/syscall of a process asleep in a system call: its number, then its arguments in hex. */
function isReading(pid: number, input: string): boolean {
  const [number, descriptor] = readProc(pid, 'syscall').split(' ')
  return number === readCall[process.arch] && descriptor !== undefined && linkOf(pid, Number(descriptor)) === input
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid)
  } catch {
    return [] // not Linux
  }
}

function family(pid: number): number[] {
  const children = readProc(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return [pid, ...children.flatMap(family)]
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return '' // it has ended, or is not ours to look at
  }
}

function linkOf(pid: number, descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
  } catch {
    return undefined
  }
}
