/**
 * Ends a process of this machine. A pid alone says little, since it is given to another process as soon as its owner is gone, so the kernel's start time is
 * kept beside it, and looked at right before each signal.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessEnd, ProcessFacts } from '../define.ts'

/** What is asked of the system; tests stand in for it. */
export interface ProcessSystem {
  /** Below /proc; undefined when it is not there or not readable. */
  read(path: string): string | undefined
  readlink(path: string): string | undefined
  kill(pid: number, signal: NodeJS.Signals): void
  /** Our own. */
  pid: number
  /** Milliseconds since 1970. */
  now(): number
}

const quiet = (read: () => string): string | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

export const localProcesses: ProcessSystem = {
  read: (path) => quiet(() => readFileSync(`/proc/${path}`, 'latin1')),
  readlink: (path) => quiet(() => readlinkSync(`/proc/${path}`)),
  kill: (pid, signal) => void process.kill(pid, signal),
  pid: process.pid,
  now: Date.now,
}

/** Between two looks at whether it is gone. */
const look_ms = 20
/** How long the kernel may take after KILL. */
const killed_ms = 2000

/**
 * Resolves when it is gone. A zombie counts as gone: nothing of it runs.
 *
 * @throws what `check` throws; an Error when it cannot be ended
 */
export async function endProcess({ end: pid, grace_ms, check }: ProcessEnd, system = localProcesses): Promise<void> {
  const first = readStat(pid, system)
  if (!first) return
  check(factsOf(first, system))
  const isThere = () => readStat(pid, system)?.ticks === first.ticks
  for (const [signal, wait_ms] of [['SIGTERM', grace_ms] as const, ['SIGKILL', killed_ms] as const]) {
    if (!isThere()) return
    try {
      system.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
      throw error
    }
    for (const until = system.now() + wait_ms; system.now() < until; ) {
      if (!isThere()) return
      await sleep(look_ms)
    }
  }
  if (isThere()) throw new Error('it is still there after KILL: it waits for a device or a file server')
}

interface Stat {
  pid: number
  name: string
  parent: number
  /** Since the start of the machine, in hundredths of a second: USER_HZ is 100 on every Linux. */
  ticks: number
  isKernel: boolean
}

/** proc_pid_stat(5). The name stands in parentheses and may hold any byte, parentheses and blanks as well. Undefined for what does not run. */
function readStat(pid: number, { read }: ProcessSystem): Stat | undefined {
  const stat = read(`${pid}/stat`)
  const parts = stat && /^\d+ \((.*)\) (\S) (.*)$/s.exec(stat)
  if (!parts) return undefined
  const [, name = '', state = '', rest = ''] = parts
  if (state === 'Z' || state === 'X') return undefined
  const fields = rest.split(' ')
  // PF_KTHREAD, include/linux/sched.h
  const isKernel = (Number(fields[5]) & 0x200000) !== 0
  return { pid, name, parent: Number(fields[0]), ticks: Number(fields[18]), isKernel }
}

function factsOf(stat: Stat, system: ProcessSystem): ProcessFacts {
  const { pid, name, parent, ticks, isKernel } = stat
  const uptime = Number(system.read('uptime')?.split(' ')[0])
  const started = Math.round(system.now() - uptime * 1000 + ticks * 10)
  const isOurs = lineOf(pid, system).has(system.pid) || lineOf(system.pid, system).has(pid)
  return {
    pid,
    name,
    // What was deleted or replaced meanwhile is marked so.
    exe: system.readlink(`${pid}/exe`)?.replace(/ \(deleted\)$/, ''),
    started,
    parent: readStat(parent, system)?.name ?? '',
    kind: pid === 1 ? 'init' : isKernel ? 'kernel' : isOurs ? 'ours' : 'other',
  }
}

/** It and what it descends from. */
function lineOf(pid: number, system: ProcessSystem): Set<number> {
  const line = new Set<number>()
  for (let at = pid; at > 0 && !line.has(at); at = readStat(at, system)?.parent ?? 0) line.add(at)
  return line
}
