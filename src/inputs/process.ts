/**
 * Runs one program and says how it ended, whatever it does: no shell, a session and process group of its own, a deadline that ends the whole group, a
 * limit on what is kept of its output. Used for wodles, commands, script integrations and scripted responses.
 *
 *   start ── runs ──┬── the program ends ── the pipes reach their end ───────────────────────────── result
 *                   │                    └─ a grandchild holds a pipe: linger_ms, then KILL group ── result
 *                   └── deadline, abort ─── TERM group, grace_ms, KILL group ──────────────────────── result
 */
import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { setPriority } from 'node:os'
import { type Pipe, stdinFile, takePipe } from './pipes.ts'

export interface ProgramOptions {
  /** A name without slash is looked up in the PATH of `env`. A file without `#!` is run by /bin/sh, as execvp(3) does. */
  argv: readonly [program: string, ...args: string[]]
  /** What the program sees as its own name, where that is not `argv[0]`. */
  argv0?: string
  /** Default: our own. */
  cwd?: string
  /** Default: our own. */
  env?: Record<string, string | undefined>
  /**
   * All of stdin, as text (UTF-8) or bytes, known from the start; or `open`: {@link Running.write} and {@link Running.end} give it bit by bit.
   * Default: none, as from /dev/null.
   */
  stdin?: string | Uint8Array | 'open'
  /** From the start until TERM is sent to the group. Undefined: it may run for ever. */
  deadline_ms?: number
  /** Between TERM and KILL. Default 2,000. */
  grace_ms?: number
  /** How long a pipe that a grandchild holds is waited for after the program itself ended, before the group gets KILL. Default 1,000. */
  linger_ms?: number
  /** `leave`: a grandchild that holds a pipe is not waited for beyond linger_ms, but left alone. Default `kill`. */
  leftovers?: 'kill' | 'leave'
  /** Of stdout and of stderr, each; what comes after is read and dropped. Default 1 MiB. */
  max_output_bytes?: number
  /** `merge` puts it into `output`, in the order it was written. */
  stderr: 'merge' | 'drop' | 'separate'
  /** Sees each piece of stdout as it comes, also beyond the limit. */
  on_output?(bytes: Buffer): void
  /** Niceness of the program, 0 to 19. Default: our own. */
  nice?: number
  /** Ends the program as the deadline does. */
  signal?: AbortSignal
}

export interface ProgramResult {
  /** Exit code; null when a signal ended it or it never ran. */
  code: number | null
  signal: NodeJS.Signals | null
  /** Byte string. */
  output: string
  /** Byte string; empty unless `separate`. */
  stderr: string
  /** More was written than is here. */
  truncated: boolean
  timed_out: boolean
  aborted: boolean
  /** It never ran. `code` is an errno name: ENOENT, EACCES, … */
  failure?: { code: string; message: string }
  duration_ms: number
}

export interface Running {
  /** Undefined when it could not be started. */
  pid: number | undefined
  /** For `stdin: 'open'`. What the program no longer reads is lost without an error. */
  write(text: string | Uint8Array): void
  /** Closes stdin. */
  end(): void
  /** TERM, then KILL, to the whole group. */
  stop(): void
  /** Never rejects. */
  done: Promise<ProgramResult>
}

/** Runs a program to its end. Never rejects: what can go wrong is in the result, and {@link failureOf} puts it into words. */
export function runProgram(options: ProgramOptions & { stdin?: string | Uint8Array }): Promise<ProgramResult> {
  return startProgram(options).done
}

/** Like {@link runProgram}, for a conversation over stdin and stdout. */
export function startProgram(options: ProgramOptions): Running {
  const started = performance.now()
  const elapsed = () => Math.round(performance.now() - started)
  try {
    return start(options, elapsed)
  } catch (error) {
    const { code = 'EINVAL', message } = error as NodeJS.ErrnoException
    const nothing = () => {}
    return {
      pid: undefined,
      write: nothing,
      end: nothing,
      stop: nothing,
      done: Promise.resolve({ ...noResult, failure: { code, message }, duration_ms: elapsed() }),
    }
  }
}

const noResult: ProgramResult = {
  code: null,
  signal: null,
  output: '',
  stderr: '',
  truncated: false,
  timed_out: false,
  aborted: false,
  duration_ms: 0,
}

function start(options: ProgramOptions, elapsed: () => number): Running {
  const { argv, grace_ms = 2000, linger_ms = 1000, max_output_bytes = 1 << 20, signal } = options
  const forChild: number[] = []
  const output = new Collected(max_output_bytes, options.on_output)
  const errors = new Collected(max_output_bytes)
  let input: Socket | undefined
  let child: ReturnType<typeof spawn>
  try {
    const pipe = (): Pipe => {
      const made = takePipe()
      forChild.push(made.write)
      return made
    }
    let stdin: number | 'ignore' = 'ignore'
    if (options.stdin === 'open') {
      const made = takePipe()
      forChild.push(made.read)
      input = new Socket({ fd: made.write, readable: false, writable: true })
      input.on('error', () => {}) // EPIPE: the program closed its stdin or ended, and its result tells all that matters
      stdin = made.read
    } else if (options.stdin !== undefined && options.stdin.length > 0) {
      stdin = stdinFile(typeof options.stdin === 'string' ? Buffer.from(options.stdin) : options.stdin)
      forChild.push(stdin)
    }
    const out = pipe()
    output.readFrom(out.read)
    let err: number | 'ignore' = options.stderr === 'merge' ? out.write : 'ignore'
    if (options.stderr === 'separate') {
      const made = pipe()
      errors.readFrom(made.read)
      err = made.write
    }
    child = spawn(argv[0], argv.slice(1), {
      argv0: options.argv0,
      cwd: options.cwd,
      env: options.env,
      stdio: [stdin, out.write, err],
      detached: true,
    })
  } catch (error) {
    input?.destroy()
    output.stop()
    errors.stop()
    throw error
  } finally {
    for (const fd of forChild) closeSync(fd)
  }

  const { pid } = child
  if (pid !== undefined && options.nice)
    try {
      setPriority(pid, options.nice)
    } catch {
      // It has already ended.
    }

  let timedOut = false
  let stopping = false
  let killTimer: NodeJS.Timeout | undefined
  const stop = (): void => {
    if (stopping || pid === undefined) return
    stopping = true
    killGroup(pid, 'SIGTERM')
    killTimer = setTimeout(() => killGroup(pid, 'SIGKILL'), grace_ms)
  }
  const deadline =
    options.deadline_ms === undefined
      ? undefined
      : setTimeout(
          () => {
            timedOut = true
            stop()
          },
          // Longer ones would fire at once.
          Math.min(options.deadline_ms, 2 ** 31 - 1),
        )
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()

  async function finish(): Promise<ProgramResult> {
    const end = await new Promise<Pick<ProgramResult, 'code' | 'signal' | 'failure'>>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
      child.once('error', (error: NodeJS.ErrnoException) => {
        // Also emitted when a signal cannot be sent, which is no failure to start.
        if (child.pid === undefined)
          resolve({ code: null, signal: null, failure: { code: error.code ?? 'EINVAL', message: error.message } })
      })
    })
    clearTimeout(deadline)
    input?.destroy()
    if (pid !== undefined) await drained(pid)
    clearTimeout(killTimer)
    signal?.removeEventListener('abort', stop)
    output.stop()
    errors.stop()
    return {
      ...end,
      output: output.text(),
      stderr: errors.text(),
      truncated: output.truncated || errors.truncated,
      timed_out: timedOut,
      aborted: stopping && !timedOut,
      duration_ms: elapsed(),
    }
  }

  /** Waits for the ends of the pipes, but not for ever: a grandchild may hold them. */
  async function drained(pid: number): Promise<void> {
    const ends = Promise.all([output.ended, errors.ended])
    if (await within(stopping ? grace_ms : linger_ms, ends)) {
      // Members of the group that ignored TERM but hold no pipe must not outlive the deadline either.
      if (stopping) killGroup(pid, 'SIGKILL')
      return
    }
    if (options.leftovers === 'leave' && !stopping) return
    killGroup(pid, 'SIGKILL')
    // Who is left now has made itself a session of its own; it can keep the pipe, we do not wait.
    await within(200, ends)
  }

  return {
    pid,
    write: (text) => void input?.write(text),
    end: () => void input?.end(),
    stop,
    done: finish(),
  }
}

/** What a run left to be said, e.g. `exit code 2`, `killed after 10 s`, `cannot be started: not found`; undefined when all was well. */
export function failureOf(result: ProgramResult): string | undefined {
  const { failure, code, signal } = result
  const seconds = `${Math.round(result.duration_ms / 100) / 10} s`
  if (failure) return `cannot be started: ${startFailures[failure.code] ?? failure.message} (${failure.code})`
  if (result.timed_out) return `not done in time, stopped after ${seconds}`
  if (result.aborted) return `stopped after ${seconds}`
  if (signal) return `ended by ${signal} after ${seconds}`
  return code === 0 ? undefined : `exit code ${code}`
}

const startFailures: Record<string, string> = {
  ENOENT: 'the file, the interpreter in its first line, or the working folder does not exist',
  EACCES: 'no permission to run it; is its run bit set (chmod +x)?',
  ENOTDIR: 'a part of its path is not a folder',
  E2BIG: 'arguments and environment are too long',
  ETXTBSY: 'the file is being written',
  EMFILE: 'too many open files',
  EAGAIN: 'too many processes',
  ENOMEM: 'not enough memory',
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: all have ended. EPERM: a member took other rights, and we cannot end it.
  }
}

function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms)
    promise.then(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

/** The first bytes that come out of a descriptor. */
class Collected {
  truncated = false
  ended: Promise<void> = Promise.resolve()
  private readonly limit: number
  private readonly watch: ((bytes: Buffer) => void) | undefined
  private readonly parts: Buffer[] = []
  private size = 0
  private socket: Socket | undefined

  constructor(limit: number, watch?: (bytes: Buffer) => void) {
    this.limit = limit
    this.watch = watch
  }

  readFrom(fd: number): void {
    const socket = new Socket({ fd, readable: true, writable: false })
    this.socket = socket
    socket.on('data', (bytes) => this.add(bytes))
    socket.on('error', () => {}) // reading a pipe does not fail; 'close' follows in any case
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  private add(bytes: Buffer): void {
    this.watch?.(bytes)
    const kept = bytes.subarray(0, this.limit - this.size)
    if (kept.length < bytes.length) this.truncated = true
    if (kept.length > 0) this.parts.push(kept)
    this.size += kept.length
  }

  text(): string {
    return Buffer.concat(this.parts).toString('latin1')
  }

  stop(): void {
    this.socket?.destroy()
  }
}
