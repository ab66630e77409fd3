/** Which ruleset runs: read from disk and compiled, for the daemon and for the commands. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config.ts'
import { type GeoLookup, type LoadResult, loadRuleset, type SourceFile } from '../engine/index.ts'
import { geoLookup } from '../lookups/geoip.ts'
import { type Problem, UserError } from '../problem.ts'
import { mergeFiles, type RulesetFiles, readRulesetFiles, selectByBlock, selectByName } from '../wazuh/ruleset-files.ts'

/** Our own decoders and rules. */
const starterRuleset = fileURLToPath(new URL('../../ruleset', import.meta.url))

/** What a command line may say about the ruleset. */
export interface RulesetChoice {
  ruleset?: string
  rules: string[]
  decoders: string[]
  lists: string[]
}

export type LoadedRuleset = LoadResult & { files: RulesetFiles }

/**
 * The ruleset that a command named; without a name the starter ruleset.
 *
 * @param extras `suite`: folder of the rules that a Wazuh .ini suite brings; `plain`: the reference engine
 */
export function loadRulesetFor(
  choice: RulesetChoice,
  extras: { suite?: string; plain?: boolean; geoip?: GeoLookup } = {},
): LoadedRuleset {
  checkPaths(choice)
  const isNamed = choice.ruleset !== undefined || choice.rules.length + choice.decoders.length > 0
  const named = selectByName(isNamed ? choice : { ...choice, ruleset: starterRuleset })
  const { suite } = extras
  const files = suite === undefined ? named : mergeFiles(named, suiteFiles(suite))
  return load(files, { plain: extras.plain, forSuite: suite !== undefined, geoip: extras.geoip })
}

/** What was named on a command line must be there; what a configuration names may be missing, as in Wazuh. */
function checkPaths({ ruleset, rules, decoders, lists }: RulesetChoice): void {
  for (const path of [ruleset, ...rules, ...decoders, ...lists]) {
    if (path !== undefined && !existsSync(path)) throw new UserError(`"${path}" does not exist`)
  }
  if (ruleset === undefined || ['rules', 'decoders'].some((name) => existsSync(join(ruleset, name)))) return
  throw new UserError(
    `"${ruleset}" is no ruleset: it has neither rules/ nor decoders/`,
    'name single files and folders with --rules, --decoders and --lists',
  )
}

/**
 * The ruleset of a configuration: that of `<ruleset>`, or the starter ruleset and what stands in `etc/`; and what outrider.yaml adds. Where a real Wazuh
 * would refuse to start, the rule, decoder or file at fault is left out and reported, and the rest runs.
 */
export function loadRulesetOf(
  config: Pick<Config, 'home' | 'ossec' | 'rules' | 'decoders' | 'lists' | 'geoip'>,
): LoadedRuleset {
  const { home, ossec } = config
  const own = (folder: string) => [join(home, 'etc', folder)].filter((path) => existsSync(path))
  const base = ossec.ruleset
    ? selectByBlock(home, ossec.ruleset)
    : selectByName({ ruleset: starterRuleset, rules: own('rules'), decoders: own('decoders'), lists: own('lists') })
  const { geoip, problems } = openGeoip(config.geoip)
  const loaded = load(mergeFiles(base, selectByName(config)), { lenient: true, geoip })
  // A session of logtest gives no answer where the real engine does not start; this one has started.
  const asWarnings = (messages: string[]) => messages.map((message) => message.replace(/^ERROR: /, 'WARNING: '))
  return {
    ...loaded,
    problems: [...problems, ...loaded.problems],
    session_messages: asWarnings(loaded.session_messages),
  }
}

function load(
  files: RulesetFiles,
  how: { plain?: boolean | undefined; forSuite?: boolean; lenient?: boolean; geoip?: GeoLookup | undefined },
): LoadedRuleset {
  const { plain = false, forSuite = false, lenient = false, geoip } = how
  const { problems, ...sources } = readRulesetFiles(files)
  if (forSuite) sources.rules = sources.rules.map(asSuiteExpects)
  const result = loadRuleset({ ...sources, plain, lenient, geoip })
  return { ...result, problems: [...problems, ...result.problems], files }
}

/** Read anew with every ruleset, so that a reload takes a newer database. */
function openGeoip(file: string | undefined): { geoip?: GeoLookup; problems: Problem[] } {
  if (file === undefined) return { problems: [] }
  try {
    return { geoip: geoLookup(file), problems: [] }
  } catch (error) {
    const { message } = error as Error
    const hint = 'until it can be read, rules with srcgeoip or dstgeoip do not match'
    return { problems: [{ severity: 'error', file, line: 0, message: `geoip: ${message}`, hint }] }
  }
}

/** The files that the suite's runner copies into the ruleset before it starts. */
function suiteFiles(folder: string): RulesetFiles {
  const names = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : []
  const matching = (kind: string) => names.filter((name) => new RegExp(`^test_(.*_)?${kind}\\.xml$`).test(name))
  const paths = (kind: string) => matching(kind).map((name) => join(folder, name))
  return selectByName({ rules: paths('rules'), decoders: paths('decoders') })
}

// The suite feeds Windows events as JSON lines; its runner changes rule 60000 so that they reach the Windows rules (runtests.py, 4.14.7).
function asSuiteExpects(file: SourceFile): SourceFile {
  const text = file.text.replace(/<rule id="60000"[\s\S]*?<\/rule>/, (rule) =>
    rule
      .replace(/<decoded_as>windows_eventchannel<\/decoded_as>/, '<decoded_as>json</decoded_as>')
      .replace(/<category>ossec<\/category>/, ''),
  )
  return { ...file, text }
}
