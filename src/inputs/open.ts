import type { LocalfileBlock } from '../config.ts'
import type { Log } from '../log.ts'
import { isCommand, openCommand } from './command.ts'
import { type Input, type LocalfileOptions, openLocalfile } from './localfile.ts'
import { sleep } from './schedule.ts'

/** Sources that are no files; logcollector reads them through interfaces of the system. */
const noFiles: Record<string, string> = {
  eventlog: 'exists on Windows only',
  eventchannel: 'exists on Windows only',
  macos: 'exists on macOS only',
  journald: 'is not read; let journald write to syslog (ForwardToSyslog=yes) and follow that file',
  'syslog-pipe': 'is not read; write to a file and follow it as syslog',
}

/** logcollector joins or rewrites lines of these. */
const ownReaders = new Set([
  'snort-full',
  'nmapg',
  'mysql_log',
  'mssql_log',
  'postgresql_log',
  'djb-multilog',
  'ossecalert',
])

/**
 * Opens a `<localfile>` of any format. What cannot be read here is said once, with its place.
 *
 * @returns undefined when there is nothing to read
 */
export async function openInput(options: LocalfileOptions): Promise<Input | undefined> {
  const { block, log } = options
  const { log_format: format, place } = block
  const at = `${place.file}:${place.line} <localfile>: the log format "${format}"`
  if (noFiles[format]) {
    log.warn(`${at} ${noFiles[format]}`)
    return undefined
  }
  if (isCommand(block)) return openCommand({ ...options, sleep })
  if (ownReaders.has(format)) log.warn(`${at} is read line by line, each line as one event`)
  return openLocalfile(options)
}

/** Without blocks that a later one repeats: like logcollector, the last one with a location counts. */
export function withoutRepeats(blocks: readonly LocalfileBlock[], log: Log): LocalfileBlock[] {
  return blocks.filter((block, n) => {
    const later = isCommand(block) ? undefined : blocks.slice(n + 1).find(({ location }) => location === block.location)
    if (later)
      log.warn(
        `${block.place.file}:${block.place.line} <localfile>: "${block.location}" is named again in ${later.place.file}:${later.place.line}, which counts`,
      )
    return later === undefined
  })
}
