import { existsSync } from 'node:fs'
import { findTraps } from '../engine/rules/traps.ts'
import { formatProblem, UserError } from '../problem.ts'
import { loadRulesetFor } from '../runners/ruleset.ts'
import { readRulesetFiles } from '../wazuh/ruleset-files.ts'
import { print } from './output.ts'

/** `outrider doctor rules`: everything that is wrong with a ruleset or does not do what it seems to, what a real Wazuh would do, and how to mend it. Exit code 1 when there is an error. */
export function doctorRules(
  dir: string | undefined,
  options: { rules: string[]; decoders: string[]; lists: string[]; json?: boolean },
): void {
  if (dir !== undefined && !existsSync(dir)) throw new UserError(`"${dir}" does not exist`)
  const { ruleset, problems: wrong, refused, files } = loadRulesetFor({ ...options, ruleset: dir })
  const problems = [...wrong, ...readRulesetFiles(files).rules.flatMap(findTraps)]
  const count = (severity: string) => problems.filter((problem) => problem.severity === severity).length
  if (count('error') > 0) process.exitCode = 1
  if (options.json) {
    print(JSON.stringify({ refused, problems }))
    return
  }
  for (const problem of problems) print(formatProblem(problem))
  const loaded = ruleset
    ? `${ruleset.rules.length} rules and ${ruleset.decoders.length} decoders are in force`
    : 'nothing is in force'
  print(
    `${count('error')} errors, ${count('warning')} warnings; ${loaded}${refused ? '; a real Wazuh would not start' : ''}`,
  )
}
