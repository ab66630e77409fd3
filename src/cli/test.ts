import { existsSync, readdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import type { Alert } from '../alert.ts'
import { formatProblem, type Problem, UserError } from '../problem.ts'
import type { TestCase } from '../rule-tests/case.ts'
import { parseIni } from '../rule-tests/ini.ts'
import { coverageToHtml, coverageToText, toCoverage, toJunit, toText } from '../rule-tests/report.ts'
import type { CaseResult } from '../rule-tests/run.ts'
import { parseYaml } from '../rule-tests/yaml.ts'
import { type LoadedRuleset, loadRulesetFor, type RulesetChoice } from '../runners/ruleset.ts'
import { print } from './output.ts'
import { runInJobs } from './test-jobs.ts'

interface Options extends RulesetChoice {
  junit?: string
  coverage?: boolean | string
  watch?: boolean
  jobs?: number
  newFrom?: string
}

/** `outrider test PATH…`; exit code 1 when a case failed, 2 when one could not be read. */
export async function test(paths: string[], options: Options): Promise<void> {
  if (options.newFrom !== undefined) return writeCase(options.newFrom)
  if (paths.length === 0) throw new UserError('name a file or a folder of test cases', 'outrider test ruleset/tests')
  for (const path of paths) if (!existsSync(path)) throw new UserError(`"${path}" does not exist`)
  process.exitCode = await runOnce(paths, options)
  if (options.watch) await runAgainOnChange(paths, options)
}

async function runOnce(paths: string[], options: Options): Promise<number> {
  const started = performance.now()
  const problems: Problem[] = []
  const cases = paths.flatMap((path) => readCases(path, problems))
  const reached = new Set<number>()
  const results: CaseResult[] = []
  let loaded: LoadedRuleset | undefined
  for (const [suite, members] of Map.groupBy(cases, suiteOf)) {
    loaded = loadRulesetFor(options, suite === '' ? {} : { suite })
    problems.push(...loaded.problems.filter((problem) => problem.severity === 'error'))
    if (!loaded.ruleset) break
    const { ruleset, rules, decoders, lists, jobs } = options
    const choice = { ...(ruleset === undefined ? {} : { ruleset }), rules, decoders, lists }
    const done = await runInJobs(loaded.ruleset, members, { choice, suite, jobs }, (id) => reached.add(id))
    for (const result of done) results.push(result)
  }
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  process.stdout.write(toText(results, (performance.now() - started) / 1000))
  if (options.junit) writeFileSync(options.junit, toJunit(results))
  if (options.coverage && loaded?.ruleset) {
    const coverage = toCoverage(loaded.ruleset.rules, reached)
    process.stdout.write(`\n${coverageToText(coverage)}`)
    if (typeof options.coverage === 'string') writeFileSync(options.coverage, coverageToHtml(coverage))
  }
  if (problems.length > 0) return 2
  return results.some((result) => result.differences.length > 0) ? 1 : 0
}

function readCases(path: string, problems: Problem[]): TestCase[] {
  if (statSync(path).isDirectory()) {
    const names = readdirSync(path).filter(
      (name) => /\.(ini|ya?ml)$/.test(name) || statSync(join(path, name)).isDirectory(),
    )
    return names.sort().flatMap((name) => readCases(join(path, name), problems))
  }
  const text = readFileSync(path, 'utf8')
  if (path.endsWith('.ini')) return parseIni(path, text)
  const { cases, problems: found } = parseYaml(path, text)
  problems.push(...found)
  return cases
}

// Wazuh's suite brings rules of its own in `../ruleset` and expects one stock rule to be changed; its runner does both before it starts.
function suiteOf(testCase: TestCase): string {
  return testCase.file.endsWith('.ini') ? join(dirname(testCase.file), '..', 'ruleset') : ''
}

async function runAgainOnChange(paths: string[], options: Options): Promise<never> {
  const watched = [
    ...paths,
    ...[options.ruleset, ...options.rules, ...options.decoders, ...options.lists].filter((path) => path !== undefined),
  ]
  for (;;) {
    print(`\nwaiting for a change in ${watched.join(', ')}`)
    const watchers: { close(): void }[] = []
    await new Promise<void>((resolve) => {
      for (const path of watched) {
        // What is missing comes back in its folder.
        const recursive = statSync(path, { throwIfNoEntry: false })?.isDirectory()
        const there = recursive === undefined ? dirname(path) : path
        watchers.push(watch(there, { recursive: recursive ?? false }, () => resolve()))
      }
    })
    for (const watcher of watchers) watcher.close()
    // An editor's save is several changes; they have all come when the next timer turn begins.
    await new Promise((resolve) => setTimeout(resolve, 100))
    print('')
    // What is being replaced may be missing for a moment; the next change tries again.
    await runOnce(paths, options).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error
      process.stderr.write(`outrider: ${error.message}\n`)
    })
  }
}

/** Prints a case that says what this alert was, ready to be put below `cases:`. */
function writeCase(file: string): void {
  let alert: Alert
  try {
    alert = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8').split('\n')[0]!)
  } catch (error) {
    throw new UserError(
      `"${file}" is not an alert: ${(error as Error).message}`,
      'give a file whose first line is one alert of alerts.json',
    )
  }
  if (alert.full_log === undefined)
    throw new UserError('this alert has no full_log', 'its rule has the option no_full_log; write the case by hand')
  const flat = Object.fromEntries(Object.entries(alert.data ?? {}).filter(([, value]) => typeof value === 'string'))
  process.stdout.write(
    stringify([
      {
        name: alert.rule.description,
        log: alert.full_log,
        location: alert.location,
        expect: {
          decoder: alert.decoder?.name,
          rule: Number(alert.rule.id),
          level: alert.rule.level,
          description: alert.rule.description,
          fields: flat,
          groups: alert.rule.groups,
          mitre: alert.rule.mitre?.id,
        },
      },
    ]),
  )
}
