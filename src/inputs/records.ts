/**
 * Lines to events: which lines of a file make one event, by its log format (spec/wodle-command.md B2). A record that is not complete keeps its lines, and
 * the file's cursor stays before them.
 */

import { toBytes } from '../alert.ts'
import type { LocalfileBlock } from '../config.ts'
import { compilePattern } from '../engine/patterns/index.ts'
import { addLabels, readJsonLine } from './json-line.ts'

/** Byte strings. */
export interface Taken {
  logs: string[]
  /** How many of the lines given so far, and not yet counted, are settled: in `logs` or dropped. */
  used: number
}

export interface Records {
  push(lines: readonly string[], now: number): Taken
  /** Ends the record that waits for more. */
  flush(): Taken
  /** When {@link flush} should be called, in milliseconds since 1970; undefined: what waits may wait for ever. */
  readonly due: number | undefined
}

/** Wazuh's limit for one event, in bytes: OS_MAXSTR - OS_LOG_HEADER - 2. */
export const max_event_bytes = 65_278

/** @param reject is told of a line that is dropped: its index among the lines of the last push, and why */
export function recordsOf(block: LocalfileBlock, reject: (index: number, reason: string) => void): Records {
  const { log_format: format, multiline_regex } = block
  const several = /^multi-line *:\s*\+?0*(\d+)/.exec(format)
  if (several) return new Grouped({ isComplete: (lines) => lines.length >= Number(several[1]), glue: ' ' })
  if (format === 'multi-line-regex' && multiline_regex) return byRegex(multiline_regex)
  if (format === 'audit') return audit(reject)
  const labels = block.labels.map(({ key, value }) => ({ key: toBytes(key), value: toBytes(value) }))
  return new Single(format === 'json' ? (line) => json(line, labels) : plain, reject)
}

function json(line: string, labels: { key: string; value: string }[]): string | { reason: string } | undefined {
  const text = readJsonLine(line)
  if (text !== undefined) return labels.length > 0 ? addLabels(text, labels) : text
  return /^[\0- ]*$/.test(line) ? undefined : { reason: 'not a JSON object' }
}

function plain(line: string): string | { reason: string } | undefined {
  if (!line.includes('\0')) return line === '' ? undefined : line
  // A file that was truncated under a writer without O_APPEND begins with a hole; the line after it is whole. Wazuh drops it.
  const text = line.replace(/^\0+/, '')
  return text.includes('\0') ? { reason: 'holds a NUL byte' } : text || undefined
}

class Single implements Records {
  readonly due = undefined
  private readonly read: (line: string) => string | { reason: string } | undefined
  private readonly reject: (index: number, reason: string) => void

  constructor(read: Single['read'], reject: Single['reject']) {
    this.read = read
    this.reject = reject
  }

  push(lines: readonly string[]): Taken {
    const logs: string[] = []
    for (const [index, line] of lines.entries()) {
      const log = this.read(line)
      if (typeof log === 'string') logs.push(log)
      else if (log) this.reject(index, log.reason)
    }
    return { logs, used: lines.length }
  }

  flush(): Taken {
    return { logs: [], used: 0 }
  }
}

interface Grouping {
  glue: string
  /** The line begins a new record. */
  isBegin?(line: string, lines: readonly string[]): boolean
  /** These lines are a record. */
  isComplete?(lines: readonly string[]): boolean
  /** The line belongs to no record. */
  isStray?(line: string): boolean
  reject?(index: number, reason: string): void
  /** After the last line of an unfinished record. */
  timeout_ms?: number
}

class Grouped implements Records {
  due: number | undefined
  private lines: string[] = []
  private bytes = 0
  /** Settled, but behind lines that are not. */
  private strays = 0
  private readonly how: Grouping

  constructor(how: Grouping) {
    this.how = how
  }

  push(lines: readonly string[], now: number): Taken {
    const { isStray, isBegin, isComplete, reject, timeout_ms } = this.how
    const taken: Taken = { logs: [], used: 0 }
    for (const [index, line] of lines.entries()) {
      if (isStray?.(line)) {
        reject?.(index, 'is not an audit message')
        this.strays++
        continue
      }
      const isFull = this.bytes + line.length > max_event_bytes
      if (this.lines.length > 0 && (isFull || isBegin?.(line, this.lines))) this.end(taken)
      this.lines.push(line)
      this.bytes += line.length + 1
      if (isComplete?.(this.lines)) this.end(taken)
    }
    if (this.lines.length === 0) {
      taken.used += this.strays
      this.strays = 0
    }
    this.due = this.lines.length > 0 && timeout_ms !== undefined ? now + timeout_ms : undefined
    return taken
  }

  flush(): Taken {
    const taken: Taken = { logs: [], used: 0 }
    if (this.lines.length > 0) this.end(taken)
    return taken
  }

  private end(taken: Taken): void {
    taken.logs.push(this.lines.join(this.how.glue))
    taken.used += this.lines.length + this.strays
    this.lines = []
    this.bytes = this.strays = 0
    this.due = undefined
  }
}

const glues = { 'no-replace': '\n', none: '', wspace: ' ', tab: '\t' } as const

function byRegex({ pattern, match, replace, timeout }: NonNullable<LocalfileBlock['multiline_regex']>): Records {
  const compiled = compilePattern('pcre2', toBytes(pattern)).pattern!
  const common = { glue: glues[replace], timeout_ms: timeout * 1000 }
  switch (match) {
    case 'start':
      return new Grouped({ ...common, isBegin: (line) => compiled.test(line) })
    case 'end':
      return new Grouped({ ...common, isComplete: (lines) => compiled.test(lines.at(-1)!) })
    case 'all':
      return new Grouped({ ...common, isComplete: (lines) => compiled.test(lines.join('\n')) })
  }
}

/** Consecutive lines with the same `msg=audit(TIME:ID)`, at most 64, make one event. A record of one id is over after two quiet seconds. */
function audit(reject: (index: number, reason: string) => void): Records {
  const idOf = (line: string) => /^type=.*? msg=audit\(([^)]*)\):/.exec(line)?.[1]
  return new Grouped({
    glue: ' ',
    timeout_ms: 2000,
    isStray: (line) => idOf(line) === undefined,
    isBegin: (line, lines) => lines.length >= 64 || idOf(line) !== idOf(lines[0]!),
    reject,
  })
}
