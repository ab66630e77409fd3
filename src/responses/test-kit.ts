/** For tests of the responder: a clock that stands still, a home folder, a firewall that is a file. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import * as z from 'zod/mini'
import { type Alert, fromBytes } from '../alert.ts'
import type { ActiveResponseBlock, CommandBlock } from '../config.ts'
import { defineResponse, type Response } from '../define.ts'
import { openState, type State } from '../durable/state.ts'
import type { Fake } from '../fakes/define.ts'
import { startFake } from '../fakes/server.ts'
import { runProgram } from '../inputs/process.ts'
import type { Log, LogFields } from '../log.ts'
import { createStepHttp } from '../runners/step-http.ts'
import { type Actor, createActor } from './actor.ts'
import { addressKey, parseAddressKey } from './keys.ts'
import { migrations } from './lease-tables.ts'
import type { SystemReader } from './network.ts'
import { createResponder } from './responder.ts'
import type { Http } from './steps.ts'
import type { Responder, ResponderOptions } from './types.ts'

export interface FakeTime {
  now(): number
  setTimer(run: () => void, ms: number): () => void
  /** Lets that much time pass, and the timers within it run. */
  pass(ms: number): void
  /** No timer will ever run: whoever set them is dead. */
  kill(): void
}

function fakeTime(start = Date.UTC(2026, 10, 21, 12)): FakeTime {
  let now = start
  const timers = new Set<{ at: number; run: () => void }>()
  return {
    now: () => now,
    setTimer(run, ms) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    pass(ms) {
      const end = now + ms
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.run()
      }
      now = end
    },
    kill: () => timers.clear(),
  }
}

export interface LogRecord {
  level: keyof Log
  message: string
  fields: LogFields | undefined
}

export function recordingLog(): Log & { records: LogRecord[] } {
  const records: LogRecord[] = []
  const at = (level: keyof Log) => (message: string, fields?: LogFields) =>
    void records.push({ level, message, fields })
  return { records, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export const quietSystem: SystemReader = {
  read: () => undefined,
  list: () => [],
  readlink: () => undefined,
  interfaces: () => [],
  env: {},
}

/** A response whose firewall is a text file with one address a line; its `list` is `cat`. */
export function fileFirewall(file: string, change: Partial<Response> = {}): Response {
  const lines = (text: string) => text.split('\n').filter(Boolean)
  const write = (keys: string[]) => keys.map((key) => `${key}\n`).join('')
  return defineResponse({
    name: 'file-drop',
    summary: 'Keeps addresses in a file.',
    docs: 'https://example.com/',
    options: z.object({}),
    example: {},
    acts_on: 'address',
    key: (alert) => addressKey(alert),
    parseKey: parseAddressKey,
    // No set: what is done twice shows.
    add: (key) => [{ file, edit: (text) => write([...lines(text).filter((line) => line !== key), key]) }],
    delete: (key) => [{ file, edit: (text) => write(lines(text).filter((line) => line !== key)) }],
    list: { steps: () => [{ argv: ['cat', file] }], parse: ([output = '']) => lines(output) },
    ...change,
  }) as unknown as Response
}

export interface Bench {
  home: string
  time: FakeTime
  log: ReturnType<typeof recordingLog>
  state: State
  responder: Responder
  /** Addresses in the file of {@link fileFirewall}. */
  blocked(): string[]
  /** As the daemon does for each alert. */
  alert(data: Record<string, unknown>, rule?: Partial<Alert['rule']>): Promise<void>
  /** Time passes, and what then comes is waited for. */
  pass(seconds: number): Promise<void>
  /** As after kill -9: everything in memory is gone. */
  restart(change?: BenchOptions): Promise<Bench>
}

export interface BenchOptions extends Partial<Omit<ResponderOptions, 'settings'>> {
  settings?: Partial<ResponderOptions['settings']>
  /** Scripts in active-response/bin. */
  scripts?: Record<string, string>
  firewall?: (file: string) => Response
  /** Sees the database before anyone else does. */
  mortal?: ((state: State) => void) | undefined
}

/** Years pass faster when not every minute is looked at. */
export const rarely = { compare_ms: 1e12 }

export async function bench(t: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const home = mkdtempSync(join(tmpdir(), 'outrider-responder-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(options.scripts ?? {})) {
    const path = join(home, 'active-response', 'bin', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { mode: 0o755 })
  }
  writeFileSync(join(home, 'firewall'), '')
  return open(t, home, fakeTime(), options)
}

async function open(t: TestContext, home: string, time: FakeTime, options: BenchOptions): Promise<Bench> {
  const state = openState(join(home, 'state.db'), migrations)
  t.after(() => state.close())
  const log = recordingLog()
  const { settings, scripts: _, firewall = fileFirewall, mortal, ...rest } = options
  const definition = firewall(join(home, 'firewall'))
  const responder = await createResponder({
    state,
    commands: [command('file-drop')],
    responses: [block('file-drop')],
    white_list: [],
    settings: { enabled: true, options: {}, never: [], max_per_minute: 1000, deadline: 10, ...settings },
    home,
    now: time.now,
    setTimer: time.setTimer,
    log,
    mask: (text) => text,
    definitions: { [definition.name]: () => Promise.resolve({ default: definition }) },
    system: quietSystem,
    is_root: true,
    boot_id: 'boot-1',
    http: () => Promise.reject(new Error('no network in this test')),
    resolve: () => Promise.resolve([]),
    ...rest,
  })
  await responder.start()
  await responder.settled()
  mortal?.(state)
  t.after(() => responder.stop())
  let serial = 0
  return {
    home,
    time,
    log,
    state,
    responder,
    blocked: () => readFileSync(join(home, 'firewall'), 'utf8').split('\n').filter(Boolean),
    async alert(data, rule) {
      const whole = { level: 10, description: 'brute force', id: '5712', groups: ['sshd'], ...rule }
      const { intents } = responder.plan({ timestamp: '', rule: whole, id: `1.${++serial}`, data })
      state.transaction(() => responder.record(intents))
      responder.kick()
      await responder.settled()
    },
    async pass(seconds) {
      time.pass(seconds * 1000)
      await responder.settled()
    },
    async restart(change) {
      // The old one is left as it is, and never asked again; its file is closed so that nothing of it can still be written.
      time.kill()
      state.close()
      return open(t, home, time, { ...options, ...change })
    },
  }
}

export function command(name: string, change: Partial<CommandBlock> = {}): CommandBlock {
  return { place: { file: 'ossec.conf', line: 1 }, name, executable: name, timeout_allowed: true, ...change }
}

export function block(name: string, change: Partial<ActiveResponseBlock> = {}): ActiveResponseBlock {
  return {
    place: { file: 'ossec.conf', line: 2 },
    command: name,
    location: { server: false, local: true, defined: false, all: false },
    rules_id: [5712],
    level: 0,
    timeout: 600,
    repeated_offenders: [],
    ...change,
  }
}

/**
 * Runs the tests of a file in a network namespace of their own, where they may do to the firewall what they like.
 *
 * @param probe a command that fails in such a namespace when the kernel lacks something
 * @returns true inside, where the tests are to be declared; outside, the file becomes one test, which names what it lacks when it cannot be run
 */
export function inNamespace(file: string, tools: readonly string[], probe: readonly string[] = ['true']): boolean {
  if (process.env.OUTRIDER_TEST_NAMESPACE === file) return true
  const has = (...command: [string, ...string[]]) => spawnSync(command[0], command.slice(1)).status === 0
  const lacking = ['unshare', 'ip', ...tools].filter((tool) => !has('sh', '-c', `command -v ${tool}`))
  const missing =
    lacking.length > 0
      ? `needs ${lacking.join(', ')}`
      : has('unshare', '-rn', 'true')
        ? has('unshare', '-rn', ...probe)
          ? undefined
          : `the kernel lacks what "${probe.join(' ')}" needs`
        : 'needs user and network namespaces'
  const name = `${basename(file)} in a network namespace`
  test(name, { skip: missing }, async (t) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const argv: [string, ...string[]] = ['unshare', '-rn', process.execPath, '--test-reporter=spec', file]
    const inner = {
      argv,
      env: { ...env, OUTRIDER_TEST_NAMESPACE: file },
      stderr: 'merge',
      deadline_ms: 120_000,
    } as const
    const { code, output } = await runProgram(inner)
    for (const line of output.split('\n')) if (/^\s*[✔✖﹣]/.test(fromBytes(line))) t.diagnostic(fromBytes(line))
    if (code !== 0) throw new Error(`in the namespace:\n${fromBytes(output)}`)
  })
  return false
}

/** Runs a tool of the system; throws when it fails. */
export function tool(argv: [string, ...string[]], input?: string): string {
  return execFileSync(argv[0], argv.slice(1), { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** A definition with its options, as the responder uses it. */
export function actorOf(definition: unknown, options: Record<string, unknown>, http?: Http): Actor {
  const known = definition as Response
  const noNetwork: Http = () => Promise.reject(new Error('no network in this test'))
  return createActor(known, known.options.parse(options), { deadline_ms: 20_000, http: http ?? noNetwork })
}

/** A process that is nobody's child, running this shell line; ended with the test. */
export function orphan(t: TestContext, line: string): number {
  const pid = Number(tool(['sh', '-c', `(${line}) >/dev/null 2>&1 & echo $!`]))
  t.after(() => {
    if (isRunning(pid)) process.kill(pid, 'SIGKILL')
  })
  return pid
}

/** A zombie does not run. */
export function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, 'latin1'))
}

/** A response and the fake that it acts on, with real requests between them. */
export async function against(t: TestContext, definition: unknown, fake: Fake, options: Record<string, unknown> = {}) {
  const { url, store, counts, close } = await startFake(fake, { random: () => 0, now: Date.now })
  t.after(close)
  const { http, close: closeHttp } = createStepHttp()
  t.after(closeHttp)
  return { actor: actorOf(definition, { ...fake.response!(url), ...options }, http), store, counts, url }
}

/** Programs that stand first in PATH during a test. */
export function standIns(t: TestContext, programs: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-tools-'))
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text, { mode: 0o755 })
  const { PATH } = process.env
  process.env.PATH = `${folder}:${PATH}`
  t.after(() => {
    process.env.PATH = PATH
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/**
 * What every response owes: done twice it is there once, undone twice it is gone, and others are left alone.
 *
 * @param inForce what the other side has, by its own account
 */
export async function keepsItsPromises(actor: Actor, keys: readonly string[], inForce: () => string[]): Promise<void> {
  const before = inForce().sort()
  const items = keys.map((key) => ({ key, seconds: 600 }))
  for (let times = 0; times < 2; times++) {
    assert.deepEqual(await actor.add(items), new Map())
    assert.deepEqual(inForce().sort(), [...before, ...keys].sort())
  }
  assert.deepEqual(await actor.add([{ key: keys[0]!, seconds: 1200 }]), new Map(), 'one by itself')
  const listed = await actor.list()
  if (listed && !actor.definition.list!.shared)
    assert.deepEqual('keys' in listed && listed.keys.sort(), [...keys].sort())
  for (let times = 0; times < 2; times++) {
    assert.deepEqual(await actor.remove(keys), new Map())
    assert.deepEqual(inForce().sort(), before)
  }
}

/** One request that a fake service got. */
export interface FakeRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string>
  json: unknown
}

/** A service that is a function. */
export function fakeService(
  answer: (request: FakeRequest) => { status?: number; json?: unknown },
): Http & { calls: string[] } {
  const calls: string[] = []
  const http: Http = async ({ method = 'POST', url, headers = {}, json }) => {
    const { pathname, searchParams } = new URL(url)
    calls.push(`${method} ${pathname}`)
    const { status = 200, json: body } = answer({ method, path: pathname, query: searchParams, headers, json })
    return { status, headers: {}, text: body === undefined ? '' : JSON.stringify(body) }
  }
  return Object.assign(http, { calls })
}
