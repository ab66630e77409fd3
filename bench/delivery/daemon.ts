/** `outrider up`, as people start it, for measurements. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface Daemon {
  pid: number
  /** GET, or POST with a body. */
  api<T>(path: string, body?: unknown): Promise<T>
  kill(): Promise<void>
}

/** Resolves when it is ready. */
export async function startDaemon(home: string, node: string[] = []): Promise<Daemon> {
  return spawnDaemon(home, node).ready
}

/** The same, for those who do not want to wait until it is ready before they kill it. */
export function spawnDaemon(home: string, node: string[] = []): { ready: Promise<Daemon>; kill(): Promise<void> } {
  const child = spawn(process.execPath, [...node, main, '--home', home, 'up', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let output = ''
  const ready = new Promise<{ url: string; console: string }>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        if (output.length < 10_000) output += `${line}\n`
        if (line.includes('"message":"ready"')) resolve(JSON.parse(line))
      })
    void ended.then(() => reject(new Error(`outrider ended:\n${output}`)))
  })
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return {
    ready: ready.then(({ url, console }) => daemonOf(child.pid!, url, console.split('token=')[1] ?? '', kill)),
    kill,
  }
}

function daemonOf(pid: number, url: string, token: string, kill: () => Promise<void>): Daemon {
  return {
    pid,
    async api<T>(path: string, body?: unknown) {
      const response = await fetch(new URL(`/api/${path}`, url), {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'x-outrider': '1', 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`)
      return (await response.json()) as T
    },
    kill,
  }
}

/** Megabytes of memory that a process has (`VmRSS`), or had at most (`VmHWM`); `/proc` of Linux. */
export function memoryOf(pid: number, what: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}
