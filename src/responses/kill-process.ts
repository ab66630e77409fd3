import { basename } from 'node:path'
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { defineResponse, NothingToDo, type ProcessFacts } from '../define.ts'

const names = z.array(z.string().check(z.minLength(1)))

const options = z.object({
  only: z
    .optional(names)
    .check(z.describe('Programs that may be ended, and no others: paths or names, `*` for any characters: /tmp/*.')),
  never: z
    ._default(names, [])
    .check(
      z.describe(
        'Programs that are never ended, besides those that the system and Wazuh need. Paths are safer than names.',
      ),
    ),
  grace: z
    ._default(z.int().check(z.gte(0), z.lte(60)), 5)
    .check(z.describe('Seconds between TERM, which a process may heed in its own way, and KILL.')),
})

type Options = z.infer<typeof options>

/**
 * A key is `PID [TIME] [PROGRAM]`: the process of that number, if it was there at that time already and is that program. A number alone is soon another's.
 * The time is that of the alert, up to the end of its minute, so that a rule that fires again and again makes one lease and not a hundred.
 */
export default defineResponse({
  name: 'kill-process',
  summary: 'Ends the process that the alert names, first with TERM and then with KILL.',
  docs: 'https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html',
  options,
  example: { only: ['/tmp/*', '/var/tmp/*', '/dev/shm/*'] },
  acts_on: 'process',
  needs_root: true,

  key(alert) {
    for (const { pid, exe } of places) {
      const number = parsePid(textAt(alert, pid))
      if (number === undefined) continue
      const program = textAt(alert, exe)
      const isPath = program !== undefined && /^\/[\x20-\x7e]{0,1000}$/.test(program)
      return [number, endOfMinute(alert.timestamp), isPath ? program : undefined].filter(Boolean).join(' ')
    }
    return undefined
  },
  parseKey(text) {
    const { pid, before, exe } = split(text.trim())
    return pid === undefined ? undefined : [pid, before, exe].filter(Boolean).join(' ')
  },
  add: (key, _, options) => [
    { end: split(key).pid!, grace_ms: options.grace * 1000, check: (process) => refuse(process, key, options) },
  ],
})

/** Where alerts name a process and its program: auditd, who-data, Sysmon for Linux, Falco, ECS, and plain fields. */
const places = [
  { pid: 'data.audit.pid', exe: 'data.audit.exe' },
  { pid: 'syscheck.audit.process.id', exe: 'syscheck.audit.process.name' },
  { pid: 'data.eventdata.processId', exe: 'data.eventdata.image' },
  { pid: 'data.output_fields.proc.pid', exe: 'data.output_fields.proc.exepath' },
  { pid: 'data.process.pid', exe: 'data.process.executable' },
  { pid: 'data.pid', exe: 'data.exe' },
]

function textAt(alert: Alert, path: string): string | undefined {
  let value: unknown = alert
  for (const name of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[name]
  return typeof value === 'string' ? value : undefined
}

/** Of what may be ended at all: not the first process. Linux has at most 2^22. */
function parsePid(text: string | undefined): number | undefined {
  const pid = /^[1-9]\d{0,6}$/.test(text ?? '') ? Number(text) : 0
  return pid > 1 && pid <= 4_194_304 ? pid : undefined
}

/** `2026-01-15T10:30:45.123+0000` to `2026-01-15T10:31Z`. */
function endOfMinute(timestamp: string): string | undefined {
  const at = Date.parse(timestamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isNaN(at) ? undefined : `${new Date(Math.floor(at / 60_000 + 1) * 60_000).toISOString().slice(0, 16)}Z`
}

function split(key: string): { pid?: number | undefined; before?: string | undefined; exe?: string | undefined } {
  const [, number, before, exe] =
    /^(\d+)(?: (\d{4}-\d\d-\d\dT\d\d:\d\dZ))?(?: (\/[\x20-\x7e]{0,1000}))?$/.exec(key) ?? []
  return { pid: parsePid(number), before, exe }
}

/** Programs without which nobody can log in, or nothing is logged. Only in places where root alone can put a program. */
const needed = [
  ...['systemd', 'systemd-*', 'init', 'dbus-daemon', 'dbus-broker*', 'NetworkManager', 'agetty', 'login', 'auditd'],
  ...['rsyslogd', 'wazuh-*', 'ossec-*', 'dockerd', 'containerd', 'containerd-shim*'],
].map(pattern)
const places_of_root = /^\/(usr|bin|sbin|lib|lib64|opt|nix\/store|gnu\/store|var\/ossec)\//

/** @throws NothingToDo with the reason why it is not ended */
function refuse(process: ProcessFacts, key: string, { only, never }: Options): void {
  const { pid, name, exe, started, parent, kind } = process
  const wanted = split(key)
  const program = exe ?? name
  const no = (why: string) => {
    throw new NothingToDo(`process ${pid} (${program}) is not ended: ${why}`)
  }
  if (kind === 'init') no('it is the first process')
  if (kind === 'kernel') no('it is a thread of the kernel')
  if (kind === 'ours') no('it is Outrider itself, or what has started it, or what it has started')
  if (wanted.before !== undefined && started > Date.parse(wanted.before))
    no('it was started after the alert, so the one that is meant is gone')
  if (wanted.exe !== undefined && exe !== wanted.exe) no(`the alert means ${wanted.exe}`)
  // From OpenSSH 9.8 on a session is another program, sshd-session.
  const isOfRoot = exe === undefined || places_of_root.test(exe)
  if (isOfRoot && ['sshd', 'dropbear'].includes(basename(program)) && parent !== name)
    no('it is what waits for SSH connections')
  const matches = (some: RegExp[]) => some.some((one) => one.test(program) || one.test(basename(program)))
  if (exe !== undefined && isOfRoot && matches(needed)) no('the system needs it')
  if (matches(never.map(pattern))) no('it is on the list "never" of kill-process')
  if (only !== undefined && !matches(only.map(pattern))) no('it is not on the list "only" of kill-process')
}

function pattern(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's')
}
