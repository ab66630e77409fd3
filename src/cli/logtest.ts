import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { toBytes } from '../alert.ts'
import type { LoadResult } from '../engine/index.ts'
import { Logtest, LogtestLines } from '../engine/logtest.ts'
import { logtestText } from '../engine/logtest-text.ts'
import { formatProblem, UserError } from '../problem.ts'
import { newToken } from '../runners/logtest.ts'
import { loadRulesetFor, loadRulesetOf, type RulesetChoice } from '../runners/ruleset.ts'
import { version } from '../version.ts'

interface Options extends RulesetChoice {
  home: string
  json?: boolean
  verbose?: boolean
  location: string
}

/** `outrider logtest`: the ruleset that was named, else that of the home folder, else the starter ruleset. */
export async function logtest(options: Options): Promise<void> {
  const loaded = await load(options)
  for (const problem of loaded.problems) {
    if (problem.severity === 'error' || options.verbose) process.stderr.write(`${formatProblem(problem)}\n`)
  }
  if (!loaded.ruleset) throw new UserError('the ruleset cannot be loaded', 'mend the errors above')
  const engine = new Logtest({
    load: () => loaded,
    hostname: hostname(),
    now: Date.now,
    newToken,
    // One program, one user: every name that the input uses keeps its session.
    max_sessions: 1_000_000,
    utc_offset: (at) => -new Date(at).getTimezoneOffset(),
  })
  if (options.json) await answerLines(engine)
  else await talk(engine, options)
}

async function load(options: Options): Promise<LoadResult> {
  const isNamed =
    options.ruleset !== undefined || options.rules.length + options.decoders.length + options.lists.length > 0
  const hasHome = ['outrider.yaml', 'etc/ossec.conf'].some((file) => existsSync(join(options.home, file)))
  if (isNamed || !hasHome) return loadRulesetFor(options)
  // Only here, because reading the configuration loads what a quick look at one line should not wait for.
  const [{ loadConfig }, { definitions }] = await Promise.all([
    import('../settings.ts'),
    import('../runners/definitions.ts'),
  ])
  return loadRulesetOf(await loadConfig({ home: options.home, definitions }))
}

async function answerLines(engine: Logtest): Promise<void> {
  const lines = new LogtestLines(engine)
  // latin1: every byte of the input is one character, so that no byte is lost.
  process.stdin.setEncoding('latin1')
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '') continue
    if (!process.stdout.write(`${lines.answer(line)}\n`, 'latin1')) {
      await new Promise((resolve) => process.stdout.once('drain', resolve))
    }
  }
}

async function talk(engine: Logtest, { verbose, location }: Options): Promise<void> {
  const isTerminal = process.stdin.isTTY === true
  process.stdout.write(`Outrider logtest ${version}\nType one log per line\n`)
  let token: string | undefined
  const input = createInterface({ input: process.stdin, output: isTerminal ? process.stdout : undefined, prompt: '\n' })
  input.on('SIGINT', () => input.close())
  input.prompt()
  for await (const line of input) {
    if (line !== '') {
      const result = engine.run({
        event: toBytes(line),
        location: toBytes(location),
        token,
        rules_debug: verbose,
        explain: verbose,
      })
      token = result.token
      process.stdout.write(`\n${logtestText(result).join('\n')}\n`)
    }
    input.prompt()
  }
}
