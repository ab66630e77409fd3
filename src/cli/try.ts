/** `outrider try`: what would be sent or done, without a trace; `--send` does it once. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Alert, fromBytes } from '../alert.ts'
import type { Config, Destination } from '../config.ts'
import type { Integration, Step } from '../define.ts'
import { readSilences } from '../delivery/silences.ts'
import { type Trial, tryDestination, tryRoute } from '../delivery/trial.ts'
import { openState } from '../durable/state.ts'
import { createLog } from '../log.ts'
import { openLookupsTrial, tryLookup } from '../lookups/trial.ts'
import { formatProblem, UserError } from '../problem.ts'
import { simulateScript } from '../responses/simulate.ts'
import { compileRoute } from '../routes.ts'
import { definitions } from '../runners/definitions.ts'
import { migrations } from '../runners/migrations.ts'
import { maskSecrets } from '../secrets.ts'
import { loadConfig } from '../settings.ts'
import { parseAlert, readAlerts } from '../wazuh/alerts-days.ts'
import { toTime } from './alerts.ts'
import { makeLinesVisible, makeVisible, print, styled, table } from './output.ts'

interface Options {
  home: string
  json?: boolean
}

// ---------------------------------------------------------------------------------------------------------------- destinations

export async function tryOneDestination(
  name: string,
  options: Options & { alert: string; send?: boolean },
): Promise<void> {
  const config = await loadConfig({ home: options.home, definitions })
  const destination = findDestination(config, name)
  const mask = maskSecrets(config.secrets)
  const common = { home: config.home, now: Date.now, mask, send: options.send === true }
  const line = readAlertLine(options.alert)
  const lookup = await definitions.lookups[destination.type]?.()
  const integration = await definitions.integrations[destination.type]?.()
  const trial = lookup
    ? await tryLookup(destination, lookup.default, line, common)
    : await tryWithLookups(config, destination, integration?.default, line, common)
  if (trial.outcome && trial.outcome.kind !== 'delivered') process.exitCode = 1
  if (options.json) return print(JSON.stringify(trial))
  if (trial.asked) print(`${styled('bold', 'look-ups first')}\n${makeLinesVisible(trial.asked)}\n`)
  if (trial.request) print(makeLinesVisible(trial.request))
  if (trial.outcome)
    print(
      `\n${styled('bold', trial.outcome.kind)}${trial.outcome.reason ? `: ${makeVisible(trial.outcome.reason)}` : ''}`,
    )
  if (trial.answer) print(makeVisible(trial.answer))
}

async function tryWithLookups(
  config: Config,
  destination: Destination,
  integration: Integration | undefined,
  line: string,
  how: Parameters<typeof tryDestination>[3],
): Promise<Trial> {
  const { lookups } = destination
  if (!lookups) return tryDestination(destination, integration, line, how)
  const log = createLog({ write: (text) => process.stderr.write(text), now: how.now, format: 'text', mask: how.mask })
  const looking = await openLookupsTrial(lookups, config, line, { ...how, log })
  try {
    const { asked, ask } = looking
    return { asked, ...(await tryDestination(destination, integration, line, { ...how, ask })) }
  } finally {
    await looking.close()
  }
}

function findDestination(config: Config, name: string): Config['destinations'][number] {
  const found = config.destinations.find((destination) => destination.name === name)
  if (found) return found
  const mistakes = config.problems.filter(({ severity, message }) => severity === 'error' && message.includes(name))
  if (mistakes.length > 0)
    throw new UserError(`destination "${name}" is left out for a mistake\n${mistakes.map(formatProblem).join('\n')}`)
  const names = config.destinations.map((destination) => destination.name)
  throw new UserError(
    `there is no destination "${name}"`,
    names.length > 0 ? `configured are: ${names.join(', ')}` : 'add one below "destinations:" in outrider.yaml',
  )
}

/** The first line of a file, as a byte string. */
function readAlertLine(file: string): string {
  try {
    const line = readFileSync(file === '-' ? 0 : file, 'latin1').split('\n')[0]!
    if (parseAlert(line)) return line
    throw new Error('its first line holds no alert')
  } catch (error) {
    throw new UserError(
      `"${file}" cannot be used: ${(error as Error).message}`,
      'give a file whose first line is an alert, such as: outrider alerts tail -n 1 --no-follow --json',
    )
  }
}

// ---------------------------------------------------------------------------------------------------------------------- routes

export async function tryOneRoute(name: string, options: Options & { since: string }): Promise<void> {
  const config = await loadConfig({ home: options.home, definitions })
  const destination = findDestination(config, name)
  const { route, problems } = compileRoute(destination)
  if (!route) throw new UserError(problems.map(formatProblem).join('\n'))
  const from_ms = toTime(options.since, Date.now())
  const alerts = readAlerts({ alerts_file: config.alerts_file, from_ms })
  const path = join(config.home, 'state.db')
  using state = destination.silences !== false && existsSync(path) ? openState(path, migrations) : undefined
  const silences = state && readSilences(state, Date.now())
  const report = await tryRoute(route, alerts, (alert) => silences?.(alert, name)?.silence)
  if (options.json) return print(JSON.stringify(report))
  print(`${report.sent} of ${report.alerts} alerts since ${options.since} would have gone to ${name}`)
  const rules = report.rules
    .slice(0, 20)
    .map((rule) => [rule.id, String(rule.level), String(rule.count), rule.description])
  if (rules.length > 0) print(`\n${table(['RULE', 'LEVEL', 'ALERTS', 'DESCRIPTION'], rules)}`)
  if (report.days.length > 0)
    print(
      `\n${table(
        ['DAY', 'ALERTS'],
        report.days.map(({ day, count }) => [day, String(count)]),
      )}`,
    )
  const silenced = report.silenced.map(({ id, what, count }) => [String(count), `silence ${id}: ${what}`])
  if (silenced.length > 0) print(`\n${table(['HELD BACK', 'BY'], silenced)}`)
  const reasons = report.reasons.slice(0, 10).map(({ reason, count }) => [String(count), reason])
  if (reasons.length > 0) print(`\n${table(['NOT SENT', 'WHY'], reasons)}`)
}

// ------------------------------------------------------------------------------------------------------------------- responses

/** Plays execd to a script of active-response/bin; for one of our own, shows the steps that it would take. */
export async function tryOneResponse(name: string, options: Options & { alert?: string }): Promise<void> {
  const config = await loadConfig({ home: options.home, definitions })
  const alert = options.alert === undefined ? undefined : (JSON.parse(fromBytes(readAlertLine(options.alert))) as Alert)
  const executable = config.ossec.commands.find((command) => command.name === name)?.executable ?? basename(name)
  if (existsSync(join(config.home, 'active-response', 'bin', executable)))
    return playScript(config.home, executable, alert, options)

  const load = definitions.responses[executable]
  if (!load) {
    throw new UserError(
      `there is no response "${name}"`,
      `put the script into active-response/bin/, or name one of ours: ${Object.keys(definitions.responses).join(', ')}`,
    )
  }
  const { default: definition } = await load()
  const parsed = definition.options.safeParse(config.responses.options[executable] ?? {})
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    const names = parsed.error.issues.map((issue) => issue.path.join('.')).filter((name) => name !== '')
    const what = path.length === 0 ? message : `missing or wrong: ${[...new Set(names)].join(', ')}`
    throw new UserError(`options of ${executable}: ${what}`, `set them below responses.options.${executable}`)
  }
  const key = alert ? definition.key(alert, parsed.data) : definition.parseKey('203.0.113.7', parsed.data)
  if (key === undefined) return print('there is nothing to do: the alert has no target for this response')
  const mask = maskSecrets(config.secrets)
  const show = (title: string, steps: Step[]) => {
    if (steps.length > 0) print(styled('bold', title))
    for (const step of steps) print(`  ${mask(describeStep(step))}`)
  }
  show('once', definition.prepare?.(parsed.data) ?? [])
  show(`to act on ${key}${definition.delete ? ' for 600 s' : ''}`, definition.add(key, 600, parsed.data))
  if (definition.delete) show('to undo it', definition.delete(key, parsed.data))
  else print('it is done once and cannot be undone')
}

/** One step as text; of what follows from its answer nothing can be said yet. */
export function describeStep(step: Step): string {
  if ('argv' in step) {
    const stdin = step.stdin ? `\n${step.stdin.trimEnd().replace(/^/gm, '    ')}` : ''
    const instead = step.missing?.() ?? []
    const or = instead.length === 0 ? [] : [`\n  or, without ${step.argv[0]}:`, ...instead.map(describeStep)]
    return `${step.argv.join(' ')}${stdin}${or.join('\n  ')}`
  }
  if ('file' in step) return `change ${step.file}`
  if ('read' in step) return `read ${step.read}`
  if ('end' in step)
    return `end process ${step.end}: TERM, and KILL when it is still there after ${step.grace_ms / 1000} s`
  const body = step.json === undefined ? String(step.body ?? '') : JSON.stringify(step.json)
  return `${step.method ?? 'POST'} ${step.url}${body && ` ${readable(body)}`}`
}

/** A form with what it holds in plain. */
function readable(body: string): string {
  return /^\w+=/.test(body) ? [...new URLSearchParams(body)].map((pair) => pair.join('=')).join(' ') : body
}

async function playScript(
  home: string,
  executable: string,
  alert: Alert | undefined,
  { json }: Options,
): Promise<void> {
  const { runs, findings } = await simulateScript({ home, executable, alert })
  if (findings.some((finding) => finding.severity === 'error')) process.exitCode = 1
  if (json) return print(JSON.stringify({ runs, findings }))
  for (const run of runs) {
    print(styled('bold', run.title))
    for (const { at_ms, from, text } of run.lines) {
      const arrow = from === 'us' ? '→' : '←'
      print(
        `  ${String(at_ms).padStart(5)} ms ${arrow} ${text === undefined ? '(stdin is closed)' : makeVisible(text).slice(0, 300)}`,
      )
    }
    for (const act of run.acts) print(`  did: ${makeVisible(act)}`)
    if (run.failure) print(`  ${run.failure}`)
  }
  print('')
  for (const { severity, message, effect, hint } of findings) {
    print(`${styled(severity === 'error' ? 'red' : 'yellow', severity)}: ${message}\n  so: ${effect}\n  hint: ${hint}`)
  }
  if (findings.length === 0) print('nothing is wrong with it')
}
