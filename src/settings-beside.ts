/** Beside a real Wazuh, its execd does what its own ossec.conf says. What Outrider is told to do as well is then done, and undone, twice. */
import { resolve } from 'node:path'
import type { Config } from './config.ts'
import type { Files } from './files.ts'
import type { Problem } from './problem.ts'
import { readOssecConf } from './wazuh/ossec-conf.ts'

/**
 * One warning for all responses that both would run; undefined when there are none, or when the real ossec.conf cannot be read, which is so where
 * alerts.json comes from another machine.
 */
export function checkBeside(
  { engine, alerts_file, ossec, responses }: Pick<Config, 'engine' | 'alerts_file' | 'ossec' | 'responses'>,
  files: Files,
): Problem | undefined {
  if (engine !== 'beside' || !responses.enabled || ossec.responses_disabled || ossec.responses.length === 0)
    return undefined
  const file = besideConf(alerts_file)
  let text: string
  try {
    text = files.read(file).toString('latin1')
  } catch {
    return undefined
  }
  const theirs = readOssecConf([{ file, text }]).config
  if (theirs.responses_disabled) return undefined
  const run = new Set(programsOf(theirs))
  const both = [...new Set(programsOf(ossec).filter((program) => run.has(program)))]
  if (both.length === 0) return undefined
  const first = ossec.responses.find(({ command }) =>
    ossec.commands.some(({ name, executable }) => name === command && run.has(executable)),
  )
  return {
    severity: 'warning',
    ...first!.place,
    message: `execd of the Wazuh beside acts as well: ${file} has ${both.map((name) => `"${name}"`).join(', ')} too`,
    hint: 'give Outrider other responses than it has, in a file of its own that ossec_conf names',
  }
}

/** The real ossec.conf, from `WAZUH/logs/alerts/alerts.json`. */
export function besideConf(alerts_file: string): string {
  return resolve(alerts_file, '../../../etc/ossec.conf')
}

/** What the `<active-response>` blocks run. */
function programsOf({ commands, responses }: Config['ossec']): string[] {
  return responses.flatMap(({ command }) => commands.find(({ name }) => name === command)?.executable ?? [])
}
