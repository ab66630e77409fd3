/**
 * Plays execd to a script and says what is wrong with it. The script is run for real, on a stage (simulate-stage.ts): add, then delete for the same
 * target; the same again, told to abort; an IPv6 address; an address that is none. Its text is looked at, too, as far as it is a text.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Alert } from '../alert.ts'
import { type Dialect, scriptCall } from '../wazuh/execd.ts'
import { runAdd, runDelete, type ScriptLine, type ScriptOptions, type ScriptRun } from './script.ts'
import { openStage, tools } from './simulate-stage.ts'

export interface Finding {
  /** `error`: it does not work under a Wazuh, or can do harm. */
  severity: 'error' | 'warning'
  code:
    | 'not started'
    | 'full path'
    | 'reads to end'
    | 'no handshake'
    | 'prints before'
    | 'no keys'
    | 'acts before'
    | 'ignores abort'
    | 'trusts address'
    | 'no ipv6'
    | 'never undoes'
    | 'does nothing'
    | 'hangs'
    | 'log format'
  /** What it does. */
  message: string
  /** What that leads to under a real Wazuh, or here. */
  effect: string
  hint: string
}

export interface SimulatedRun {
  title: string
  /** The conversation, with times. */
  lines: ScriptLine[]
  /** What it did to the firewall, accounts and services, as the stand-ins saw it. */
  acts: string[]
  duration_ms: number
  failure?: string
  stderr: string
}

export interface Simulation {
  runs: SimulatedRun[]
  findings: Finding[]
}

export interface SimulateOptions extends Pick<ScriptOptions, 'home' | 'answer_ms'> {
  /** File name in active-response/bin. */
  executable: string
  dialect?: Dialect
  alert?: Alert
  extra_args?: string
  /** For each run. Default 10,000. */
  deadline_ms?: number
}

/** An address and an account of an alert that nobody is at (RFC 5737). */
const sampleAlert: Alert = {
  timestamp: '2026-01-15T10:30:45.123+0000',
  rule: {
    level: 10,
    description: 'sshd: brute force trying to get access to the system. Non existent user.',
    id: '5712',
    frequency: 8,
    firedtimes: 1,
    mail: false,
    groups: ['syslog', 'sshd', 'authentication_failures'],
  },
  agent: { id: '000', name: 'web' },
  manager: { name: 'web' },
  id: '1768473045.4711',
  full_log:
    'Jan 15 10:30:45 web sshd[12345]: Failed password for invalid user mallory from 203.0.113.50 port 54321 ssh2',
  decoder: { name: 'sshd', parent: 'sshd' },
  data: { srcip: '203.0.113.50', srcport: '54321', dstuser: 'mallory' },
  location: '/var/log/auth.log',
}

export async function simulateScript(options: SimulateOptions): Promise<Simulation> {
  const text = textOf(join(options.home, 'active-response', 'bin', options.executable))
  const fullPath = text === undefined ? undefined : toolByFullPath(text)
  if (fullPath) {
    const effect = 'it was not run: this would be the real one'
    const message = `it calls ${fullPath} by its full path`
    const hint = 'call it by its name, and set PATH at the beginning'
    return { runs: [], findings: [{ severity: 'warning', code: 'full path', message, effect, hint }, ...lint(text!)] }
  }
  const alert = options.alert ?? sampleAlert
  const withAddress = (srcip: string): Alert => ({ ...alert, data: { ...alert.data, srcip } })
  const add = (title: string, what: Alert, decision: 'continue' | 'abort' = 'continue') =>
    play(options, title, what, 'add', decision)
  // Each on a stage of its own, so that they need not wait for one another.
  const [first, again, ipv6, hostile] = await Promise.all([
    playBoth(options, alert),
    add('add, told to abort', alert, 'abort'),
    add('add, an IPv6 address', withAddress('2001:db8::50')),
    Promise.all(noAddresses.map((text) => add(`add, "${text}" as the address`, withAddress(text)))),
  ])
  const plays = [...first, again, ipv6, ...hostile]
  const seen = judge(first[0]!, first[1]!, again, ipv6, hostile)
  const findings = [...seen, ...lint(text ?? '').filter(({ code }) => seen.every((finding) => finding.code !== code))]
  return { runs: plays.map(({ run: _, before: __, ...shown }) => shown), findings }
}

/** Each is taken for an address by somebody: a careless pattern, a program's options, a resolver. */
const noAddresses = ['999.999.999.999', '-h', 'not-an-address']

interface Play extends SimulatedRun {
  run: ScriptRun
  /** What it had done before it was told to continue. */
  before: string[]
}

async function playBoth(options: SimulateOptions, alert: Alert): Promise<[Play, Play]> {
  const stage = await openStage()
  try {
    const added = await play(options, 'add', alert, 'add', 'continue', stage)
    return [added, await play(options, 'delete', alert, 'delete', 'continue', stage)]
  } finally {
    await stage.close()
  }
}

async function play(
  options: SimulateOptions,
  title: string,
  alert: Alert,
  word: 'add' | 'delete',
  decision: 'continue' | 'abort',
  shared?: Awaited<ReturnType<typeof openStage>>,
): Promise<Play> {
  const stage = shared ?? (await openStage())
  try {
    const { dialect = 'wazuh4', executable, extra_args } = options
    const call = scriptCall({ dialect, executable, name: `${executable}600`, timeout: 600, extra_args, alert })
    const lines: ScriptLine[] = []
    const before: string[] = []
    const common: ScriptOptions = {
      home: options.home,
      answer_ms: options.answer_ms,
      deadline_ms: options.deadline_ms ?? 10_000,
      env: stage.env,
      on_line: (line) => lines.push(line),
    }
    const run =
      word === 'delete'
        ? await runDelete(call, common)
        : await runAdd(call, {
            ...common,
            decide() {
              before.push(...stage.acts())
              return decision
            },
          })
    const acts = [...before, ...stage.acts()]
    const { failure, result } = run
    const stderr = Buffer.from(result.stderr, 'latin1').toString()
    return { title, lines, acts, duration_ms: result.duration_ms, failure, stderr, run, before }
  } finally {
    if (!shared) await stage.close()
  }
}

// ------------------------------------------------------------------------------------------------------------------------ judging

function judge(added: Play, deleted: Play, again: Play, ipv6: Play, hostile: Play[]): Finding[] {
  const findings: Finding[] = []
  const say = (severity: Finding['severity'], code: Finding['code'], message: string, effect: string, hint: string) =>
    void findings.push({ severity, code, message, effect, hint })
  const { run } = added
  if (run.result.failure) {
    say(
      'error',
      'not started',
      run.failure!,
      'execd says nothing of it, not even in its log',
      'mend that, then try again',
    )
    return findings
  }
  const speaks = added.lines.length > 0
  if (run.result.timed_out)
    say(
      'error',
      'hangs',
      `it had not ended after ${Math.round(added.duration_ms / 1000)} s`,
      'execd waits for it without limit: every other active response of the host, and every undo, waits too',
      'give each thing it waits for a limit of its own (curl --max-time, timeout)',
    )
  if (run.reads_to_end)
    say(
      'error',
      'reads to end',
      'it reads its input to the end before it does anything',
      'execd keeps the input open until the script has answered, so both wait for ever, and with them every active response of the host',
      'read one line only: sys.stdin.readline(), read -r LINE',
    )
  if (speaks && !run.answer && !run.result.timed_out)
    say(
      'error',
      'no handshake',
      'it prints nothing when it is told to add',
      'execd then forgets it: delete is never sent, whatever <timeout> says, and what it did stays for ever; the same target again is done again',
      'print a check_keys message with what it acts on, read a second line, and act on "continue" only',
    )
  if (run.answer?.kind === 'other')
    say(
      'error',
      'prints before',
      `it prints "${run.answer.line.slice(0, 60)}" where its check_keys message should stand`,
      'execd takes the first line for the answer: all targets become one, only the first is ever undone',
      'print nothing but the check_keys message; send everything else to a log',
    )
  if (run.answer?.kind === 'keys' && run.answer.keys.length === 0)
    say(
      'warning',
      'no keys',
      'its check_keys message names no key',
      'all targets become one: the second is told to abort, only the first is undone',
      'put what it acts on into parameters.keys',
    )
  if (added.before.length > 0)
    say(
      'error',
      'acts before',
      `it acts before it is told to continue: ${added.before[0]}`,
      'a target that is in force already is done twice, and undone once',
      'act only after the second line says "continue"',
    )
  if (again.run.answer?.kind === 'keys' && again.acts.length > again.before.length)
    say(
      'error',
      'ignores abort',
      `it acts although it was told to abort: ${again.acts.at(-1)}`,
      'a target that is in force already is done twice, and undone once',
      'end when the second line says "abort"',
    )
  const did = added.acts.length > 0
  if (!did && !run.reads_to_end && !run.result.timed_out && run.answer?.kind !== 'other')
    say(
      'warning',
      'does nothing',
      `it did nothing that could be seen${run.failure ? `: ${run.failure}` : ''}`,
      'perhaps it acts in a way that is not watched here, perhaps it failed',
      'see what it wrote to its log, and to stderr, which execd throws away',
    )
  if (did && deleted.acts.length === 0)
    say(
      'error',
      'never undoes',
      'told to delete, it does nothing that could be seen',
      'what it did stays for ever',
      'take back on "delete" what "add" did',
    )
  for (const play of hostile) {
    const address = /"(.*)"/.exec(play.title)![1]!
    const used = play.acts.find((act) => act.includes(address)) ?? play.acts[0] ?? keyWith(play.run, address)
    if (used === undefined) continue
    say(
      'error',
      'trusts address',
      `it acts on "${address}", which is no address: ${used}`,
      'addresses come out of logs, where an attacker can write what he likes',
      'check it with a real parser, such as ipaddress.ip_address() in Python',
    )
    break
  }
  if (did && ipv6.acts.every((act) => /^iptables /.test(act)))
    say(
      'error',
      'no ipv6',
      ipv6.acts.length === 0
        ? 'it does nothing for an IPv6 address'
        : `it gives an IPv6 address to iptables: ${ipv6.acts[0]}`,
      'an attacker who comes over IPv6 is not stopped',
      'use ip6tables for addresses with a colon, or nft',
    )
  return findings
}

function keyWith({ answer }: ScriptRun, text: string): string | undefined {
  return answer?.kind === 'keys' && answer.keys.includes(text) ? `it is its key` : undefined
}

// ------------------------------------------------------------------------------------------------------------------------ reading

/** What the text alone tells, where a run may not show it. */
function lint(text: string): Finding[] {
  const findings: Finding[] = []
  const usesAddress = /srcip|source.*ip/i.test(text)
  const isPython = /^#!.*python/.test(text)
  if (isPython && usesAddress && !/ipaddress|inet_pton|inet_aton|is_valid|fullmatch|re\.match|IPAddress/.test(text))
    findings.push({
      severity: 'error',
      code: 'trusts address',
      message: 'nothing in it looks like a check of the address',
      effect: 'addresses come out of logs, where an attacker can write what he likes',
      hint: 'check it with ipaddress.ip_address() before it is used',
    })
  if (/active-responses\.log/.test(text) && !/active-response\/bin/.test(text))
    findings.push({
      severity: 'warning',
      code: 'log format',
      message: 'what it writes to active-responses.log is not in the form that Wazuh decodes',
      effect: 'rules 650 to 658 do not see what it did, so no alert tells of it',
      hint: 'write YYYY/MM/DD HH:MM:SS active-response/bin/NAME: and the JSON it was given',
    })
  return findings
}

function textOf(path: string): string | undefined {
  try {
    const bytes = readFileSync(path)
    return bytes.includes(0) ? undefined : bytes.toString('utf8')
  } catch {
    return undefined // whoever starts it will say why
  }
}

function toolByFullPath(text: string): string | undefined {
  const code = text.replace(/^\s*#.*$/gm, '')
  return new RegExp(`(?:/usr)?(?:/local)?/s?bin/(?:${tools.join('|')})\\b`).exec(code)?.[0]
}
