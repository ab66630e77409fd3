/**
 * `<wodle name="command">`: a program run on a schedule (wm_command.c, 4.14; spec/wodle-command.md part A). Each line that a run writes is appended to the wodle's
 * event file and counts when it is on disk there; the file is followed like any other, with the location `command_TAG`.
 *
 *   schedule ──▶ program, without a shell ──▶ lines ──▶ queue/events/command_TAG (durable) ──▶ localfile input
 *
 * Unlike modulesd: a run that ignores TERM is killed, stderr goes to the log, an output is neither cut nor paced, and a restart keeps the schedule.
 */
import { createHash } from 'node:crypto'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { WodleCommandBlock } from '../config.ts'
import { splitCommand } from './command-line.ts'
import { failureOf, type ProgramResult, runProgram } from './process.ts'
import { runOnSchedule, type ScheduledParts } from './schedule.ts'

export interface WodleParts extends Pick<ScheduledParts, 'state' | 'log' | 'now' | 'utc_offset' | 'sleep'> {
  /** Folder the command runs in. */
  home: string
  /** Appends lines (byte strings) to the event file; resolves when they are on disk. */
  append(lines: string[]): Promise<void>
  /** Told when a run gave less than it should. */
  failed?(tag: string, reason: string): void
  env?: Record<string, string | undefined>
}

/** File name of a wodle's event file. A tag may hold anything, a file name may not. */
export function eventFileName(tag: string): string {
  return `command_${encodeURIComponent(tag).replaceAll('.', '%2E').slice(0, 200)}`
}

/** `location` of its events. */
export function eventLocation(tag: string): string {
  return `command_${tag}`
}

// os_exec.c: "String limit reached."
const max_output_bytes = 64 << 20
const piece_bytes = 1 << 20
/** modulesd: wazuh_modules.task_nice. */
const nice = 10
const retry_append_ms = 5000

/** Runs a `<wodle name="command">` on its schedule until the signal comes. Ends at once when its checksum is wrong, as in Wazuh. */
export async function runWodleCommand(
  block: WodleCommandBlock,
  parts: WodleParts & {
    /** Wazuh makes events of stderr too. Ours goes to the log, unless this is set. */
    merge_stderr?: boolean
  },
  signal: AbortSignal,
): Promise<void> {
  const { tag, verify } = block
  const { log, home, env = process.env } = parts
  const name = `wodle "${tag}"`
  const report = (reason: string) => {
    log.error(`${name}: ${reason}`, { tag })
    parts.failed?.(tag, reason)
  }
  const isVerified = Object.keys(digests).some((kind) => verify[kind as Digest])
  const words = splitCommand(block.command)
  const check = (): boolean => {
    const [found, problem] = checkProgram(words[0] ?? '', verify, env.PATH ?? '')
    if (found) words[0] = found
    if (problem === undefined) return true
    if (found && verify.skip_verification) {
      log.warn(`${name}: ${problem}; it is run all the same, as skip_verification says`, { tag })
      return true
    }
    report(`${problem}; it is not run until the next start`)
    return false
  }
  if (isVerified && !check()) return

  const ended = new AbortController()
  const either = AbortSignal.any([signal, ended.signal])
  let isFirst = true
  const work = async (): Promise<void> => {
    if (isVerified && !isFirst && !verify.skip_verification && !check()) return ended.abort()
    isFirst = false
    const result = await runProgram({
      argv: words as [string, ...string[]],
      cwd: home,
      env,
      deadline_ms: block.timeout > 0 ? block.timeout * 1000 : undefined,
      max_output_bytes,
      stderr: parts.merge_stderr ? 'merge' : 'separate',
      nice,
      signal,
    })
    if (result.aborted) return
    describe(result, block, report, (message) => log.warn(`${name}: ${message}`, { tag }))
    if (result.stderr) log.warn(`${name}: wrote to stderr`, { tag, stderr: excerpt(result.stderr) })
    if (!block.ignore_output) for (const lines of linesOf(result)) await appendAll(lines, parts, name, signal)
  }
  await runOnSchedule(
    { ...parts, name: `wodle ${tag}`, schedule: block, run_on_start: block.run_on_start, work },
    either,
  )
}

/** A full disk is waited for: what a run has found is not there to be found again. */
async function appendAll(lines: string[], parts: WodleParts, name: string, signal: AbortSignal): Promise<void> {
  for (let tries = 0; lines.length > 0 && !signal.aborted; tries++) {
    try {
      return await parts.append(lines)
    } catch (error) {
      if (tries === 0)
        parts.log.error(`${name}: its events cannot be written: ${(error as Error).message}; tried again`)
      await parts.sleep(retry_append_ms, signal)
    }
  }
}

/**
 * Empty lines vanish, a NUL byte ends the output, and 127 means that there was no command to give any (spec A3, A6). In pieces, since all lines of a
 * large output at once take many times its size.
 */
function* linesOf({ output, code, failure }: ProgramResult): Generator<string[]> {
  if (failure || code === 127) return
  const nul = output.indexOf('\0')
  const end = nul === -1 ? output.length : nul
  for (let start = 0; start < end; ) {
    const newline = output.indexOf('\n', Math.min(start + piece_bytes, end))
    const next = newline === -1 || newline > end ? end : newline
    const lines = output.slice(start, next).split('\n').filter(Boolean)
    if (lines.length > 0) yield lines
    start = next + 1
  }
}

function describe(
  result: ProgramResult,
  { timeout }: WodleCommandBlock,
  failed: (reason: string) => void,
  warn: (message: string) => void,
): void {
  const { code, timed_out, truncated } = result
  const problem = failureOf(result)
  if (timed_out)
    failed(`not done after ${timeout} s and stopped; what it had written counts. Give it a longer <timeout>`)
  else if (code === 127) failed('exit code 127: a command in it was not found; its output is dropped')
  else if (code !== null && code > 0) warn(`${problem}; its output counts`)
  else if (problem !== undefined) failed(problem)
  if (truncated) warn(`wrote more than ${max_output_bytes} bytes; the rest is dropped`)
}

function excerpt(bytes: string): string {
  const text = Buffer.from(bytes.slice(0, 2000), 'latin1').toString('utf8').trimEnd()
  return bytes.length > 2000 ? `${text}…` : text
}

// ------------------------------------------------------------------------------------------------------------------------ checksums

const digests = { md5: 'MD5', sha1: 'SHA1', sha256: 'SHA256' } as const
type Digest = keyof typeof digests

/** @returns where the program is, if anywhere, and what is wrong with it */
function checkProgram(word: string, verify: WodleCommandBlock['verify'], path: string): [string | undefined, string?] {
  const found = findProgram(word, path)
  if (found === undefined) return [undefined, `cannot check "${word}": no such program`]
  let bytes: Buffer
  try {
    bytes = readFileSync(found)
  } catch (error) {
    return [undefined, `cannot check "${found}": ${(error as NodeJS.ErrnoException).code}`]
  }
  for (const [kind, label] of Object.entries(digests)) {
    const wanted = verify[kind as Digest]
    if (wanted !== undefined && createHash(kind).update(bytes).digest('hex') !== wanted.toLowerCase())
      return [found, `${label} of "${found}" is not the one of verify_${kind}`]
  }
  return [found]
}

function findProgram(word: string, path: string): string | undefined {
  const candidates = word.includes('/') ? [word] : path.split(delimiter).map((folder) => join(folder || '.', word))
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK)
      return statSync(candidate).isFile()
    } catch {
      return false
    }
  })
}
