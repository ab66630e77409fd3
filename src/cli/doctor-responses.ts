/** `outrider doctor responses`: scripts that break the contract of execd, as they were seen when they ran. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from '../config.ts'
import { UserError } from '../problem.ts'
import { createLeaseStore, type ScriptHabit } from '../responses/lease.ts'
import { definitions } from '../runners/definitions.ts'
import { loadConfig } from '../settings.ts'
import { print, relative } from './output.ts'

interface Finding {
  /** `active-response/bin/x`, with the host before it where that is not this machine. */
  program: string
  message: string
  /** What that leads to under a real Wazuh. */
  effect: string
  hint: string
  /** Milliseconds since 1970. */
  seen: number
}

/** Exit code 1 when there is something to mend. Works whether a daemon runs or not. */
export async function doctorResponses({ home, json }: { home: string; json?: boolean }): Promise<void> {
  if (!existsSync(home)) throw new UserError(`"${home}" does not exist`, 'name the folder with --home')
  const { ossec, responses } = await loadConfig({ home, definitions })
  const habits = readHabits(join(home, 'state.db'))
  const findings = habits.flatMap((habit) => findingsOf(habit, ossec))
  const unseen = scriptsOf(ossec)
    .filter((name) => existsSync(join(home, 'active-response', 'bin', name)))
    .filter((name) => !habits.some(({ program }) => basename(program) === name))
  if (findings.length > 0) process.exitCode = 1
  if (json) return print(JSON.stringify({ findings, unseen }))

  const now = Date.now()
  for (const { program, message, effect, hint, seen } of findings)
    print(`error: ${program}: ${message} (seen ${relative(seen, now)})\n  Wazuh: ${effect}\n  hint: ${hint}`)
  for (const name of unseen)
    print(`active-response/bin/${name}: has not run yet\n  hint: outrider try response ${name} plays execd to it`)
  const dry = responses.enabled ? '' : '; responses are not enabled, so no script runs'
  print(`${habits.length} scripts were seen, ${findings.length} faults${dry}`)
}

function readHabits(file: string): ScriptHabit[] {
  if (!existsSync(file)) return []
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    return createLeaseStore({ db }).habits()
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`, 'start Outrider once, so that it has its tables', error)
  } finally {
    db.close()
  }
}

/** Names of the programs that responses of ossec.conf lead to. */
function scriptsOf({ commands, responses }: Config['ossec']): string[] {
  const used = new Set(responses.map(({ command }) => command))
  return [...new Set(commands.filter(({ name }) => used.has(name)).map(({ executable }) => executable))]
}

function findingsOf({ program, answer, reads_to_end, seen }: ScriptHabit, ossec: Config['ossec']): Finding[] {
  const name = basename(program)
  const commands = ossec.commands.filter(({ executable }) => executable === name).map((command) => command.name)
  const isTimed = ossec.responses.some(({ command, timeout }) => commands.includes(command) && timeout > 0)
  const more = `outrider try response ${name} shows the conversation`
  const findings: Omit<Finding, 'program' | 'seen'>[] = []
  if (reads_to_end)
    findings.push({
      message: 'reads its input to the end instead of one line',
      effect: 'the script and execd wait for each other for ever, and every other response of the host with them',
      hint: `read one line, answer with check_keys, read the next; ${more}`,
    })
  if (answer === 'nothing' && isTimed)
    findings.push({
      message: 'prints nothing where check_keys should stand',
      effect: 'what it does is never undone, whatever <timeout> says',
      hint: `print {"version":1,…,"command":"check_keys","parameters":{"keys":["ADDRESS"]}} before it acts; ${more}`,
    })
  if (answer === 'other')
    findings.push({
      message: 'prints something else before check_keys',
      effect: 'all addresses share one entry: the second one is not acted on, and only the first is undone',
      hint: `write what it has to say to stderr or to a log; ${more}`,
    })
  return findings.map((finding) => ({ program, ...finding, seen }))
}
