/** Real servers for tests: from the distribution's packages, on a free port of loopback, with their files in a folder of the test's own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Outcome } from '../../define.ts'
import { freePort } from '../../testing/free-port.ts'

const packages = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  mosquitto: 'mosquitto',
  mosquitto_sub: 'mosquitto-clients',
  mosquitto_passwd: 'mosquitto',
  openssl: 'openssl',
  stdbuf: 'coreutils',
}
type Program = keyof typeof packages

/** Servers stand where an ordinary user's PATH does not reach. */
function find(program: Program): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
}

/** For the `skip` of a test: false, or what is not there. */
export function missing(...programs: Program[]): string | false {
  const lacks = programs.filter((program) => !find(program))
  if (lacks.length === 0) return false
  return `${lacks.join(', ')} not found: apt-get install ${[...new Set(lacks.map((program) => packages[program]))].join(' ')}`
}

export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-broker-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

export interface Broker {
  port: number
  folder: string
  /** Resolves when it takes connections. */
  start(): Promise<void>
  /** SIGKILL, or as it would like; resolves when it is dead. */
  kill(signal?: 'SIGTERM'): Promise<void>
}

/** A server that is not running yet, and is dead after the test. */
function broker(
  t: TestContext,
  program: Program,
  { folder, port, args }: { folder: string; port: number; args: string[] },
): Broker {
  let child: ChildProcess | undefined
  let output = ''
  const kill = async (signal?: 'SIGTERM') => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal ?? 'SIGKILL')
    await ended
  }
  t.after(() => kill())
  return {
    port,
    folder,
    kill,
    async start() {
      const running = spawn(find(program)!, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
      child = running
      for (const stream of [running.stdout, running.stderr]) stream.on('data', (part) => (output += part))
      const deadline = performance.now() + 60_000
      while (!(await accepts(port))) {
        if (running.exitCode !== null || performance.now() > deadline)
          throw new Error(`${program} did not start:\n${output}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** @param config lines of its configuration file, besides the port */
export async function natsServer(t: TestContext, config = '', folder = folderOf(t)): Promise<Broker> {
  const port = await freePort()
  const file = join(folder, 'nats.conf')
  writeFileSync(file, `listen: "127.0.0.1:${port}"\njetstream: { store_dir: "${folder}/js" }\n${config}\n`)
  return broker(t, 'nats-server', { folder, port, args: ['-c', file] })
}

export async function redisServer(t: TestContext, config = '', folder = folderOf(t)): Promise<Broker> {
  const port = await freePort()
  const file = join(folder, 'redis.conf')
  const own = config.includes('tls-port') ? '' : `port ${port}\n`
  const lines = `bind 127.0.0.1\n${own}dir ${folder}\nsave ""\nappendonly yes\nappendfsync everysec\n${config.replace('PORT', String(port))}\n`
  writeFileSync(file, lines)
  return broker(t, 'redis-server', { folder, port, args: [file] })
}

export async function mosquitto(
  t: TestContext,
  config = 'allow_anonymous true',
  folder = folderOf(t),
): Promise<Broker> {
  const port = await freePort()
  const file = join(folder, 'mosquitto.conf')
  // Root would become another user, who may not read the folder.
  const user = process.getuid?.() === 0 ? 'user root\n' : ''
  writeFileSync(file, `${user}listener ${port} 127.0.0.1\n${config}\n`)
  return broker(t, 'mosquitto', { folder, port, args: ['-c', file] })
}

/** Adds a user to a file that {@link mosquitto} reads. */
export function mosquittoPassword(file: string, user: string, password: string): void {
  const made = spawnSync(find('mosquitto_passwd')!, ['-b', '-c', file, user, password], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`mosquitto_passwd: ${made.stderr}`)
}

/**
 * What a subscriber of its own gets, as it comes; it finds the broker again by itself.
 *
 * @param more arguments of mosquitto_sub
 */
export async function mosquittoSubscriber(
  t: TestContext,
  port: number,
  topic: string,
  more: string[] = [],
): Promise<{ lines: string[] }> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '-V', 'mqttv5', '-d', '-t', topic, ...more]
  // Into a pipe it would say that it has subscribed with its first message only.
  const child = spawn(find('stdbuf')!, ['-oL', find('mosquitto_sub')!, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const lines: string[] = []
  let rest = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      const whole = (rest + part).split('\n')
      rest = whole.pop()!
      for (const line of whole)
        if (line.startsWith('{')) lines.push(line)
        else if (line.startsWith('Subscribed')) resolve()
    })
  })
  return { lines }
}

/** What is said of a server that is not there yet, is there, dies, and comes back. */
export async function assertGoesAndComes({ port, start, kill }: Broker, ship: () => Promise<Outcome>): Promise<void> {
  const reason = `127.0.0.1:${port}: cannot be reached: connection refused (ECONNREFUSED)`
  const away = await ship()
  assert.deepEqual([away.kind, 'reason' in away && away.reason], ['retry', reason])
  await start()
  assert.equal((await ship()).kind, 'delivered')
  await kill()
  assert.equal((await ship()).kind, 'retry')
  await start()
  assert.equal((await ship()).kind, 'delivered')
}
