/** What the measurements of delivery share: alerts, a server in a process of its own, processes whose time is counted, and the table of results. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A line of alerts.json of the usual length. */
export const alertLine = (n: number, more: Record<string, unknown> = {}) =>
  JSON.stringify({
    timestamp: '2026-11-21T10:00:00.000+0000',
    rule: {
      level: 5,
      description: 'sshd: wrong password for root',
      id: '5760',
      firedtimes: n,
      mail: false,
      groups: ['syslog', 'sshd', 'authentication_failed'],
    },
    agent: { id: '000', name: 'bench' },
    manager: { name: 'bench' },
    id: `1795211238.${n * 400}`,
    full_log: `Jan 15 10:30:45 bench sshd[1]: Failed password for root from 203.0.113.${n % 250} port ${n} ssh2`,
    decoder: { parent: 'sshd', name: 'sshd' },
    data: { srcip: `203.0.113.${n % 250}`, srcport: String(n), dstuser: 'root' },
    location: '/var/log/auth.log',
    ...more,
  })

/** Writes so many alerts; a million of them does not fit into one string. */
export function writeAlerts(path: string, count: number): void {
  const file = openSync(path, 'w')
  for (let n = 0; n < count; ) {
    const lines: string[] = []
    while (lines.length < 10_000 && n < count) lines.push(`${alertLine(n++)}\n`)
    writeSync(file, lines.join(''))
  }
  closeSync(file)
}

/** A temporary folder that is gone with `using`. */
export function folder(): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'outrider-bench-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Another process of these measurements, by its file beside this one; answers messages one by one. */
export class Helper {
  private readonly child: ChildProcess
  private readonly ended: Promise<never>

  constructor(file: string, args: string[], node: string[] = []) {
    this.child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: node })
    this.ended = once(this.child, 'exit').then(([code]) => {
      throw new Error(`${file} ended with ${code}`)
    })
    this.ended.catch(() => {})
  }
  get pid(): number {
    return this.child.pid!
  }
  async answer<T>(): Promise<T> {
    const answered = new Promise<T>((resolve) => this.child.once('message', (answer) => resolve(answer as T)))
    return Promise.race([answered, this.ended])
  }
  async ask<T>(what: unknown): Promise<T> {
    const answer = this.answer<T>()
    this.child.send(what as object)
    return answer
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended.catch(() => {})
  }
}

/** A server that takes every POST; see sink.ts. */
export async function startSink(): Promise<{ url: string; helper: Helper; taken(): Promise<number> }> {
  const helper = new Helper('sink.ts', [])
  const port = await helper.answer<number>()
  return { url: `http://127.0.0.1:${port}/`, helper, taken: () => helper.ask<number>('taken') }
}

export const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** One line of the table: what was asked for, what was measured, and whether that is enough. */
export interface Row {
  what: string
  must: string
  measured: string
  /** Undefined: for comparison only. */
  ok?: boolean
}

export function printMachine(): void {
  const load = loadavg()[0]!.toFixed(1)
  process.stdout.write(`${cpus().length} × ${cpus()[0]!.model}, Node ${process.version}, load ${load}\n`)
}

/** Prints the table; the process ends with 1 when something is not enough. */
export function printTable(rows: Row[]): void {
  const lines = [
    ['', 'must', 'measured', 'ok'],
    ...rows.map(({ what, must, measured, ok }) => [what, must, measured, ok === undefined ? '' : ok ? 'yes' : 'NO']),
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]!.length)))
  for (const line of lines)
    process.stdout.write(
      `${line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()}\n`,
    )
  if (rows.some(({ ok }) => ok === false)) process.exitCode = 1
}
