/**
 * Runs a scripted response on another machine, with the system's ssh: its keys, its known hosts, its configuration.
 *
 * ```
 * ssh … user@host  'exec /bin/sh -c FIXED outrider HOME PROGRAM SECONDS'
 *     stdin        the lines that execd would write; OSSEC: each argument as a line
 *     stdout       whatever the login shell's files print, then our mark, then what the script answers
 * ```
 *
 * Nothing of an alert is part of the command that the other side's shell sees: it comes by stdin, OSSEC's arguments too. What the command is made of
 * stands in the configuration, and is quoted.
 */
import { isIP } from 'node:net'
import { fromBytes } from '../alert.ts'
import type { HostSetting } from '../config.ts'
import { failureOf, type ProgramResult, runProgram } from '../inputs/process.ts'
import type { ScriptCall } from '../wazuh/execd.ts'

/** Printed by the other side right before the script begins. */
const mark = 'outrider: the script begins\n'

/** Before ssh gives up; a host that is switched off does not refuse, it is silent. */
const connect_s = 10

export interface RemoteLimits {
  deadline_ms: number
  max_memory_bytes?: number
}

/** What is to be started here so that the script runs there. */
export function sshArgv(
  host: HostSetting,
  call: ScriptCall,
  { deadline_ms, max_memory_bytes }: RemoteLimits,
): [program: string, ...args: string[]] {
  const { port, identity, known_hosts } = host
  const set = (option: string) => ['-o', option]
  const words = [
    ...(host.sudo ? ['sudo', '-n'] : []),
    '/bin/sh',
    '-c',
    program(call.dialect === 'ossec', max_memory_bytes),
    'outrider',
    host.home,
    call.program,
    String(Math.max(1, Math.ceil(deadline_ms / 1000))),
  ]
  return [
    'ssh',
    '-T',
    ...set('BatchMode=yes'),
    ...set('LogLevel=ERROR'),
    ...set(`ConnectTimeout=${connect_s}`),
    ...set('ServerAliveInterval=5'),
    ...set('ServerAliveCountMax=3'),
    ...set('ClearAllForwardings=yes'),
    ...set('ForwardAgent=no'),
    ...set('ForwardX11=no'),
    ...set('PermitLocalCommand=no'),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(identity === undefined ? [] : [...set('IdentitiesOnly=yes'), ...set(`IdentityFile=${path(identity)}`)]),
    ...(known_hosts === undefined ? [] : set(`UserKnownHostsFile=${path(known_hosts)}`)),
    '--',
    host.ssh,
    `exec ${words.map(quoted).join(' ')}`,
  ]
}

/** As ssh_config(5) wants it: it splits at blanks, and replaces what stands behind a percent sign. */
function path(file: string): string {
  return `"${file.replaceAll('%', '%%')}"`
}

/** For the login shell of the other side, which may be any. */
function quoted(word: string): string {
  return /^[\w/.-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/**
 * What /bin/sh does there. timeout(1), of coreutils and busybox, ends the script and what it has started also when the connection is gone. No
 * single quotes, line ends and exclamation marks within, so that every login shell passes it on.
 */
function program(takesArguments: boolean, max_memory_bytes: number | undefined): string {
  const run = 'exec timeout -k 2 "$seconds" "$program"'
  return [
    'program=$2 seconds=$3',
    'cd "$1" || exit 126',
    'test -x "$program" || { echo "$program is not there, or may not be run" >&2; exit 127; }',
    'command -v timeout >/dev/null || { echo "it has no timeout(1)" >&2; exit 127; }',
    ...(max_memory_bytes === undefined ? [] : [`ulimit -v ${Math.ceil(max_memory_bytes / 1024)} || exit 126`]),
    'set --',
    ...(takesArguments ? ['while IFS= read -r word; do set -- "$@" "$word"; done'] : []),
    `echo "${mark.trimEnd()}"`,
    takesArguments ? `${run} "$@" </dev/null` : run,
  ].join('; ')
}

/** OSSEC's arguments, as the other side reads them; a line end within one would make two of it. */
export function argumentLines(args: readonly string[]): string {
  return args.map((arg) => `${arg.replace(/[\r\n\0]/g, ' ')}\n`).join('')
}

/** From start to end, here: the script's own time is watched over on the other side. */
export function localDeadline(deadline_ms: number): number {
  return deadline_ms + (connect_s + 10) * 1000
}

/** Takes what comes from the other side; what the script prints is passed on. */
export interface Beginning {
  readonly hasBegun: boolean
  /** The bytes of the script among these. */
  take(bytes: Buffer): Buffer
}

export function awaitMark(begins: () => void): Beginning {
  let before = ''
  let hasBegun = false
  return {
    get hasBegun() {
      return hasBegun
    },
    take(bytes) {
      if (hasBegun) return bytes
      before += bytes.toString('latin1')
      const at = `\n${before}`.indexOf(`\n${mark}`)
      // A greeting may be long; the mark is not cut.
      if (at < 0) {
        before = before.slice(-2 * mark.length)
        return Buffer.alloc(0)
      }
      hasBegun = true
      begins()
      return Buffer.from(before.slice(at + mark.length), 'latin1')
    },
  }
}

/** How it went on the way: `unreached`: the script was not begun. `lost`: it was, and nobody knows how far it came. */
export type Link = 'unreached' | 'lost'

/**
 * What a run of ssh tells. It ends with 255 for its own troubles, which a script could, too; then it counts as lost.
 *
 * @param hasBegun the mark was seen
 */
export function judgeSsh(
  host: HostSetting,
  result: ProgramResult,
  hasBegun: boolean,
): { link: Link | undefined; failure: string | undefined } {
  const plain = failureOf(result)
  if (plain === undefined && hasBegun) return { link: undefined, failure: undefined }
  const said = fromBytes(result.stderr).trim().split('\n').at(-1)?.trim().slice(0, 500)
  const isSshs = result.code === 255 || result.timed_out || result.failure !== undefined || result.signal !== null
  if (isSshs) {
    const why = said || (result.failure ? `ssh ${plain}` : (plain ?? 'no word'))
    const what = hasBegun ? `the connection to ${host.name} was lost` : `${host.name} cannot be reached`
    return { link: hasBegun ? 'lost' : 'unreached', failure: `${what}: ${why}` }
  }
  if (!hasBegun) return { link: undefined, failure: `${host.name}: ${said || plain || 'the script was not begun'}` }
  const failure = result.code === 124 ? 'not done in time, stopped' : plain
  return { link: undefined, failure: said ? `${failure}: ${said}` : failure }
}

/**
 * The host that stands for an agent. Ids are numbers to Wazuh: `1` is `001`. What is a number is an id and no name: agents choose their names when they enrol, so
 * one that calls itself `001` would have its alerts answered on another's host.
 */
export function hostOf(
  hosts: readonly HostSetting[],
  { id, name }: { id?: string; name?: string },
): HostSetting | undefined {
  const isNumber = (agent: string) => /^\d+$/.test(agent)
  const isId = (agent: string) => id !== undefined && isNumber(agent) && Number(agent) === Number(id)
  const isName = (agent: string) => name !== undefined && !isNumber(agent) && agent === name
  return hosts.find(({ agent }) => isId(agent)) ?? hosts.find(({ agent }) => isName(agent))
}

/**
 * Names and addresses, without users, of what stands on the way to a host: what guards look at. Its name may be one that only ssh's own configuration knows, which
 * may also send it through others; ssh itself says what it makes of it, without going there.
 */
export async function wayTo({ ssh }: HostSetting): Promise<string[]> {
  const name = withoutUser(ssh)
  const { output } = await runProgram({ argv: ['ssh', '-G', '-T', '--', ssh], deadline_ms: 3000, stderr: 'drop' })
  const said = (option: string) => new RegExp(`^${option} (\\S+)$`, 'm').exec(fromBytes(output))?.[1]
  const jumps = (said('proxyjump') ?? '').split(',').map((jump) => {
    const place = withoutUser(jump.replace(/^ssh:\/\//, ''))
    return isIP(place) ? place : place.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  })
  return [...new Set([name, said('hostname') ?? name, ...jumps])].filter((one) => one !== '' && one !== 'none')
}

const withoutUser = (destination: string) => destination.replace(/^.*@/, '')
