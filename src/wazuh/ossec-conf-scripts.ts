import { isAbsolute, join } from 'node:path'
import type { ActiveResponseBlock, Config, Place } from '../config.ts'
import type { Files } from '../files.ts'
import { didYouMean } from '../nearest.ts'
import type { Problem } from '../problem.ts'

/**
 * Looks for the programs that a configuration names: missing, without run bit, or open to changes by others.
 *
 * @param responses names of our own responses, which need no script
 */
export function checkScripts(
  config: Pick<Config, 'ossec' | 'destinations' | 'hosts'>,
  home: string,
  files: Files,
  responses: readonly string[] = [],
): Problem[] {
  const problems: Problem[] = []
  const { ossec, destinations } = config
  for (const { script } of destinations) {
    if (!script) continue
    const path = join('integrations', script.name)
    check({
      ...{ path, place: script.place, what: 'the integration', owner: 'integratord' },
      missing: { wazuh: 'this integration is disabled until the next restart' },
    })
  }
  // With other hosts to run on, only what must run here must be here.
  const isHere = ({ location }: ActiveResponseBlock) => location.server || (config.hosts ?? []).length === 0
  const used = new Set(ossec.responses.filter(isHere).map(({ command }) => command))
  for (const { name, executable, place } of ossec.commands) {
    const path = join('active-response/bin', executable)
    if (!used.has(name) || (responses.includes(executable) && !files.stat(join(home, path)))) continue
    check({
      ...{ path, place, what: 'the active response', owner: 'execd' },
      missing: {
        hint: didYouMean(executable, responses),
        wazuh: 'this response does nothing on hosts without the script',
      },
    })
  }
  for (const { command, disabled, place } of ossec.wodles) {
    // Only the first word, and only when it is a path: other names are looked up in PATH when it runs.
    const program = /^ *("[^"]*"|[^ ]+)/.exec(command)?.[1]?.replaceAll('"', '') ?? ''
    if (disabled || !program.includes('/')) continue
    check({
      ...{ path: program, place, what: 'the wodle', owner: 'modulesd' },
      missing: { wazuh: 'an error in ossec.log at each run' },
    })
  }
  return problems

  function check(program: {
    path: string
    place: Place
    what: string
    owner: 'integratord' | 'execd' | 'modulesd'
    missing: Pick<Problem, 'hint' | 'wazuh'>
  }): void {
    const { path, place, what, owner, missing } = program
    const shown = isAbsolute(path) ? path : join(home, path)
    const report = (severity: Problem['severity'], message: string, extras: Pick<Problem, 'hint' | 'wazuh'>) =>
      problems.push({ severity, ...place, message, ...extras })
    const found = files.stat(shown)
    if (!found?.isFile) {
      const message = found ? `${shown} is no file` : `${what} has no script: ${shown} is not there`
      report('error', message, { ...missing, hint: missing.hint ?? `copy it there, then: chmod 750 ${shown}` })
      return
    }
    if ((found.mode & 0o111) === 0) {
      report('error', `${shown} cannot be run: it has no run bit`, {
        hint: `chmod 750 ${shown}`,
        wazuh: owner === 'integratord' ? 'an error in ossec.log for each alert, which is lost' : 'it is not run',
      })
      return
    }
    if ((found.mode & 0o022) !== 0) {
      const who = (found.mode & 0o002) !== 0 ? 'everyone' : 'its group'
      report('warning', `${shown} can be changed by ${who}`, {
        hint: `chmod ${(found.mode & 0o002) !== 0 ? 'go-w' : 'g-w'} ${shown}`,
        wazuh: owner === 'integratord' ? 'it is refused where the user wazuh may write to it' : undefined,
      })
    }
  }
}
