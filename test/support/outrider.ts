/** Whole programs for tests: a home folder in a temporary place, and a real `outrider up` that can be stopped or killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Alert } from '../../src/alert.ts'

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const main = join(projectRoot, 'src', 'cli', 'main.ts')

/** Who runs the tests may want colours; what is compared has none. */
export const ownEnv = { ...process.env, FORCE_COLOR: undefined }

/** What takes a second may take many on a machine that does other things as well; only what never comes is waited for so long. */
const most_wait_ms = 60_000

/** Files of a home folder, by path; the folder is removed when the test ends. */
export function makeHome(t: TestContext, files: Record<string, string | { text: string; mode: number }> = {}): string {
  const home = mkdtempSync(join(tmpdir(), 'outrider-test-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  for (const [path, file] of Object.entries(files)) {
    const { text, mode } = typeof file === 'string' ? { text: file, mode: 0o640 } : file
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text, { mode })
  }
  return home
}

export interface LogLine {
  time: string
  level: string
  message: string
  [field: string]: unknown
}

export interface RunningOutrider {
  url: string
  token: string
  log: LogLine[]
  /** All that it has printed. */
  output(): string
  /** Resolves with the first log line, past or to come, that fits. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>
  api<T>(method: string, path: string, body?: unknown): Promise<T>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>
  process: ChildProcess
}

/** Starts `outrider up` and resolves when it says that it is ready. Rejects with its output when it ends before. */
export async function startOutrider(
  t: TestContext,
  home: string,
  options: { env?: Record<string, string>; command?: string[]; user?: User | undefined } = {},
): Promise<RunningOutrider> {
  const [program, ...args] = options.command ?? [process.execPath, main, '--home', home, 'up', '--json']
  const { env, user } = options
  const child = spawn(program!, args, { env: { ...ownEnv, ...env }, ...user, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })

  const log: LogLine[] = []
  const waiting = new Set<() => void>()
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      output += `${line}\n`
      if (!line.startsWith('{')) return
      log.push(JSON.parse(line))
      for (const wake of waiting) wake()
    })
  }
  const logged = (fits: (line: LogLine) => boolean) =>
    new Promise<LogLine>((resolve, reject) => {
      const look = () => {
        const found = log.find(fits)
        if (!found) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      void ended.then((code) => reject(new Error(`outrider ended with ${code} before that was logged:\n${output}`)))
      look()
    })

  const ready = await logged((line) => line.message === 'ready')
  const url = String(ready.url)
  const token = String(ready.console).split('token=')[1] ?? ''
  return {
    url,
    token,
    log,
    output: () => output,
    logged,
    process: child,
    async api(method, path, body) {
      const response = await fetch(new URL(`/api/${path}`, url), {
        method,
        headers: { authorization: `Bearer ${token}`, 'x-outrider': '1', 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return text === '' ? {} : JSON.parse(text)
    },
    async stop() {
      child.kill('SIGTERM')
      return ended
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Numbers of a user, for programs that root must not run. */
export interface User {
  uid: number
  gid: number
}

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs another command of outrider to its end. */
export async function runOutrider(
  home: string,
  args: string[],
  options: { input?: string | Buffer; env?: Record<string, string>; user?: User | undefined } = {},
): Promise<Ended> {
  const { input, env, user } = options
  const child = spawn(process.execPath, [main, '--home', home, ...args], {
    env: { ...ownEnv, ...env },
    ...user,
    timeout: most_wait_ms,
    killSignal: 'SIGKILL',
  })
  const ended = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (part: string) => {
      ended[name] += part
    })
  // It may end before it has read everything.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, ...ended }
}

/** The alerts of a home folder's alerts.json. */
export function readAlerts(home: string, file = 'logs/alerts/alerts.json'): Alert[] {
  return readLines(home, file).map((line) => JSON.parse(line))
}

/** The lines of a file of the home folder; one that is half written is left for later. */
export function readLines(home: string, file: string): string[] {
  const path = join(home, file)
  if (!existsSync(path)) return []
  const text = readFileSync(path, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
}

/** Resolves when `look` gives something other than undefined or false. For what is not seen in a folder. */
export async function waitFor<T>(look: () => Promise<T | undefined | false>, within_ms = most_wait_ms): Promise<T> {
  for (const deadline = Date.now() + within_ms; ; ) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`not within ${within_ms} ms: ${look}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Resolves when `look` gives something other than undefined or false; looks again after every change in `folder` and every 50 ms. */
export async function eventually<T>(
  folder: string,
  look: () => T | undefined | false,
  within_ms = most_wait_ms,
): Promise<T> {
  const deadline = Date.now() + within_ms
  let wake = () => {}
  const watcher = watch(folder, { recursive: true }, () => wake())
  try {
    for (;;) {
      const found = look()
      if (found !== undefined && found !== false) return found
      if (Date.now() > deadline) throw new Error(`not within ${within_ms} ms: ${look}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  } finally {
    watcher.close()
  }
}
