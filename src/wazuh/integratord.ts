/**
 * Runs a script of `integrations/` exactly as wazuh-integratord 4.14 does, so that one written for it cannot tell the difference: nine arguments made
 * by joining and splitting a line at spaces, two files in /tmp, the Wazuh home as working folder, no shell. spec/integratord.md sections 6 and 7.
 *
 * What differs, and why:
 * - A deadline ends the script and everything it started (integratord waits for ever, and with it every other integration).
 * - The files have mode 0600 (theirs are readable by every local user) and do not follow links; those that a killed Outrider left are removed.
 * - A quote in a field of the plain format that integratord pastes as it is becomes a blank: such files are made to be sourced by a shell,
 *   and with a quote in a rule's description an attacker's log line would run commands.
 * - Plain format for one script does not mangle the alert for the next.
 * - Secrets stand in the arguments, for the contract demands it, but never in a reason or a log line.
 */
import { closeSync, constants, openSync, readdirSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Alert, fromBytes, toBytes } from '../alert.ts'
import type { IntegrationBlock } from '../config.ts'
import type { Outcome } from '../define.ts'
import { failureOf, runProgram } from '../inputs/process.ts'
import { reprint } from './cjson-reprint.ts'

export interface ScriptRun {
  outcome: Outcome
  /** The command line, secrets masked. */
  request: string
  /** What the script printed, secrets masked, at most 4 KiB of its end. */
  answer: string
}

export interface ScriptContext {
  /** Working folder; holds `integrations/`. */
  home: string
  /** For the whole run. */
  deadline_ms: number
  temp: TempFiles
  /** Milliseconds since 1970, for the names of the files. */
  now: number
  signal?: AbortSignal
}

/**
 * Runs the script of a block for one alert. Exit code 0 means delivered; any other is worth a retry, for a script says no more than that. What a person
 * has to mend (no script, no run bit, a script that others may change) pauses the destination.
 *
 * @param line the alert as it stands in alerts.json: a byte string of valid JSON, without line end
 */
export async function runIntegration(
  block: IntegrationBlock,
  line: string,
  alert: Alert,
  context: ScriptContext,
): Promise<ScriptRun> {
  const hide = hider(block)
  const refusal = await refuse(block.name, context.home)
  const shown = (files: Files) => scriptArguments(masked(block), files).map(quoted).join(' ')
  if (refusal !== undefined)
    return { outcome: { kind: 'paused', reason: refusal }, request: shown({ alert: '(alert file)' }), answer: '' }

  const files: Files = { alert: '' }
  try {
    files.alert = context.temp.write(block.name, 'alert', alertFile(block, line, alert), context.now)
    if (block.options !== undefined)
      files.options = context.temp.write(block.name, 'options', `${toBytes(block.options)}\n`, context.now)
  } catch (error) {
    context.temp.remove(files.alert)
    // integratord runs the script with an empty first argument then, and the alert is lost.
    return {
      outcome: { kind: 'retry', reason: `cannot write the alert file: ${(error as Error).message}` },
      request: shown({ alert: '(alert file)' }),
      answer: '',
    }
  }

  try {
    const [argv0, ...args] = scriptArguments(block, files)
    let tail = Buffer.alloc(0)
    const result = await runProgram({
      argv: [`integrations/${block.name}`, ...args],
      argv0: argv0!,
      cwd: context.home,
      // By which a script of `outrider build` knows that retrying is not its business.
      env: { ...process.env, OUTRIDER_DESTINATION: block.name },
      stderr: 'merge',
      deadline_ms: context.deadline_ms,
      max_output_bytes: 0,
      on_output: (bytes) => {
        tail = Buffer.concat([tail, bytes]).subarray(-8192)
      },
      signal: context.signal,
    })
    const output = hide(tail.toString())
    const failure = failureOf(result)
    const last = lastLine(output)
    const reason = failure && hide(last ? `${failure}, last output "${last}"` : failure)
    return {
      outcome:
        reason === undefined
          ? { kind: 'delivered' }
          : { kind: isForPeople(result.failure?.code) ? 'paused' : 'retry', reason },
      request: shown(files),
      answer: output.slice(-4096),
    }
  } finally {
    context.temp.remove(files.alert)
    if (files.options !== undefined) context.temp.remove(files.options)
  }
}

// --------------------------------------------------------------------------------------------------------------- before it runs

const builtIn: Record<string, ('hook_url' | 'api_key')[]> = {
  slack: ['hook_url'],
  shuffle: ['hook_url'],
  pagerduty: ['api_key'],
  virustotal: ['api_key'],
  maltiverse: ['hook_url', 'api_key'],
}

/**
 * What integratord would find wrong with a block at its start, without looking at the disk; undefined when nothing is. There it disables the block.
 */
export function blockProblem({ name, hook_url, api_key }: IntegrationBlock): string | undefined {
  if (name.includes('/') || name.includes('\0')) return `the name "${name}" is not a file name`
  for (const option of builtIn[name] ?? [])
    if ((option === 'hook_url' ? hook_url : api_key) === undefined) return `"${name}" needs <${option}>`
  if (!builtIn[name] && !name.startsWith('custom-'))
    return `integration "${name}" is not known; a script's name begins with "custom-"`
  return undefined
}

/** Why a script cannot be run at all; undefined when it can. */
async function refuse(name: string, home: string): Promise<string | undefined> {
  const problem = blockProblem({ name, hook_url: '', api_key: '' } as IntegrationBlock)
  if (problem) return problem
  const path = join(home, 'integrations', name)
  let found: Awaited<ReturnType<typeof stat>>
  try {
    found = await stat(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return `${path} does not exist`
    return `${path} cannot be looked at (${code})`
  }
  if (!found.isFile()) return `${path} is not a file`
  // wpopenv refuses a script that the caller may write. Outrider often runs as the very user who owns the scripts, which is fine;
  // what must not be is that somebody else may change what runs with our rights.
  if ((found.mode & 0o002) !== 0 || ((found.mode & 0o020) !== 0 && mayWrite(found)))
    return `${path} is writable by its group or by others; take that away with: chmod go-w ${path}`
  if ((found.mode & 0o111) === 0) return `${path} is not executable; mend it with: chmod +x ${path}`
  return undefined
}

/** By way of the group: it is ours (integratord's rule), or we are the owner and the group is someone else's door. */
function mayWrite({ uid, gid }: { uid: number; gid: number }): boolean {
  const us = process.getuid?.() ?? -1
  return us === 0 || us === uid || (process.getgroups?.() ?? []).includes(gid)
}

/** Start failures that no retry mends. */
function isForPeople(code: string | undefined): boolean {
  return code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR' || code === 'EPERM' || code === 'ENOEXEC'
}

// ------------------------------------------------------------------------------------------------------------------- arguments

interface Files {
  alert: string
  options?: string
}

/**
 * The arguments, from argv[0] on. integratord joins them with spaces and splits the line again into at most nine, so a space in a key or URL shifts all
 * that follow, and `\ ` is a space that does not.
 */
export function scriptArguments(
  { api_key, hook_url, timeout, retries }: Pick<IntegrationBlock, 'api_key' | 'hook_url' | 'timeout' | 'retries'>,
  files: Files,
): string[] {
  const line = [
    'integrations',
    files.alert,
    api_key ?? '',
    hook_url ?? '',
    '',
    files.options ?? '',
    timeout,
    retries,
  ].join(' ')
  // Never a redirection, for there is no shell: it arrives as the ninth argument.
  return splitAtSpaces(`${toBytes(line).slice(0, 4094)} > /dev/null 2>&1`, 9).map(fromBytes)
}

/** OS_StrBreak of Wazuh 4.14. */
function splitAtSpaces(line: string, most: number): string[] {
  const pieces: string[] = []
  let piece = ''
  for (let at = 0; at < line.length; at++) {
    const c = line[at]!
    if (pieces.length === most - 1) {
      piece += line.slice(at)
      break
    }
    if (c === '\\' && line[at + 1] === ' ') {
      piece += ' '
      at++
    } else if (c === ' ') {
      pieces.push(piece)
      piece = ''
    } else piece += c
  }
  return [...pieces, piece]
}

function masked(block: IntegrationBlock): IntegrationBlock {
  return {
    ...block,
    api_key: block.api_key === undefined ? undefined : '(api_key)',
    hook_url: block.hook_url === undefined ? undefined : '(hook_url)',
  }
}

function hider({ api_key, hook_url }: IntegrationBlock): (text: string) => string {
  // The parts of a key with spaces arrive as arguments of their own, and a script may print them so.
  const secrets = [api_key, hook_url]
    .flatMap((secret) => (secret === undefined ? [] : [secret, ...secret.split(' ')]))
    .filter((secret) => secret.length >= 4)
    .sort((a, b) => b.length - a.length)
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./()-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}

function lastLine(output: string): string {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== '')
  return (lines.at(-1) ?? '').trim().slice(0, 500)
}

// ------------------------------------------------------------------------------------------------------------------ alert file

/** Content of the alert file, a byte string: JSON when `<alert_format>` begins with "json", shell assignments otherwise. */
export function alertFile(
  { alert_format, max_log }: Pick<IntegrationBlock, 'alert_format' | 'max_log'>,
  line: string,
  alert: Alert,
): string {
  if (alert_format?.startsWith('json')) return `${reprint(line)}\n`
  const text = (value: unknown) => (typeof value === 'string' ? toBytes(value) : '')
  const plain = (value: unknown) => text(value).replaceAll("'", ' ')
  const rule = (alert.rule ?? {}) as Partial<Alert['rule']>
  const level = typeof rule.level === 'number' ? Math.trunc(rule.level) : 0
  return [
    `alertdate='${plain(alert.timestamp)}'`,
    `alertlocation='${plain(alert.location)}'`,
    `ruleid='${plain(rule.id)}'`,
    `alertlevel='${level}'`,
    `ruledescription='${plain(rule.description)}'`,
    `alertlog='${cleanLog(text(alert.full_log), max_log)}'`,
    `srcip='${cleanAddress(text(alert.data?.srcip))}'`,
  ].join('\n')
}

function cleanLog(log: string, most: number): string {
  const clean = log
    .replace(/['`"!$]|[^ -z]/g, ' ')
    .replaceAll('\\', '/')
    .replaceAll(';', ',')
  // A text of exactly `most` bytes loses its last three too.
  return clean.length < most ? clean : `${clean.slice(0, most - 3)}...`
}

function cleanAddress(address: string): string {
  return address.replace(/['\\`]|[^.-z]/g, ' ')
}

// ------------------------------------------------------------------------------------------------------------- temporary files

/**
 * The files that scripts get, named as integratord names them: `/tmp/NAME-SECONDS-RANDOM.alert`. The upper half of the random number is the `tag` of
 * this run of Outrider, by which the next one knows what a kill left behind; the exclusive open makes guessing names worthless.
 */
export class TempFiles {
  private readonly folder: string
  private readonly tag: number
  private count = 0

  /** @param tag 0 to 65535 */
  constructor(tag: number, folder = '/tmp') {
    this.tag = tag
    this.folder = folder
  }

  /** Writes a byte string; answers the path. Throws what the file system throws. */
  write(name: string, suffix: 'alert' | 'options', content: string, now: number): string {
    for (let attempt = 1; ; attempt++) {
      const number = (this.tag << 16) | (this.count++ & 0xffff) | 0
      const path = join(this.folder, `${name}-${Math.floor(now / 1000)}-${number}.${suffix}`)
      let fd: number
      try {
        fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST' && attempt < 100) continue
        throw error
      }
      try {
        const bytes = Buffer.from(content, 'latin1')
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
        return path
      } catch (error) {
        this.remove(path)
        throw error
      } finally {
        closeSync(fd)
      }
    }
  }

  remove(path: string): void {
    try {
      if (path !== '') unlinkSync(path)
    } catch {
      // The script removed it itself, which is fine.
    }
  }
}

/**
 * Removes what runs with one of these tags left in the folder; only files of ours.
 *
 * @returns how many
 */
export function removeLeftovers(tags: number[], folder = '/tmp'): number {
  const known = new Set(tags)
  let removed = 0
  for (const file of readdirSync(folder)) {
    const number = /-\d+-(-?\d+)\.(?:alert|options)$/.exec(file)?.[1]
    if (number === undefined || !known.has(Number(number) >>> 16)) continue
    const path = join(folder, file)
    try {
      const { uid } = statSync(path)
      if (uid !== process.getuid?.()) continue
      unlinkSync(path)
      removed++
    } catch {
      // Somebody else was faster.
    }
  }
  return removed
}
