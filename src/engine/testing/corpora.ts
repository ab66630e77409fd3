/** Rulesets with log lines that are meant for them: what mutated lines are made of. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromBytes, toBytes } from '../../alert.ts'
import { parseIni } from '../../rule-tests/ini.ts'
import { parseYaml } from '../../rule-tests/yaml.ts'
import { readRulesetFiles, selectByName } from '../../wazuh/ruleset-files.ts'
import type { RulesetSources } from '../index.ts'
import { extraSources, goldenLines, skip, suiteFolder, suiteSources } from './stock.ts'

export interface Corpus {
  name: string
  mode: 'live' | 'logtest'
  sources: RulesetSources
  /** Byte strings. */
  lines: string[]
  /** Events of the Windows event channel. */
  channel: string[]
}

/** Wazuh's own test suite with its ruleset, and the recordings with theirs; where they are not there, our own. */
export function corpora(): Corpus[] {
  if (skip) return [starterCorpus()]
  const suite = linesBelow(suiteFolder)
  const extra = goldenLines('extra.jsonl.gz').flatMap((line) => {
    const { request } = JSON.parse(fromBytes(line)) as { request?: { event?: unknown } }
    return typeof request?.event === 'string' ? [toBytes(request.event)] : []
  })
  const recorded = { sources: extraSources(), lines: [...extra, ...suite], channel: suite.flatMap(asChannel) }
  return [
    { name: "Wazuh's suite", mode: 'live', sources: suiteSources(), lines: suite, channel: [] },
    { name: 'recordings', mode: 'live', ...recorded },
    { name: 'recordings', mode: 'logtest', ...recorded },
  ]
}

function starterCorpus(): Corpus {
  const ruleset = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'ruleset')
  const sources = readRulesetFiles(selectByName({ ruleset }))
  return { name: 'starter ruleset', mode: 'live', sources, lines: linesBelow(join(ruleset, 'tests')), channel: [] }
}

/** The events of all test cases in a folder. */
function linesBelow(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
      const cases = name.endsWith('.ini') ? parseIni(name, text) : parseYaml(name, text).cases
      return cases.flatMap(({ steps }) => steps.map(({ log }) => log))
    })
}

/** What an agent sends for the event that this line of the suite shows decoded: `{"Message": …, "Event": "<Event>…"}`. */
function asChannel(line: string): string[] {
  if (!/^\{\s*"win"/.test(line)) return []
  let win: { system?: Record<string, unknown>; eventdata?: Record<string, unknown> }
  try {
    win = JSON.parse(line).win
  } catch {
    return []
  }
  const { message, providerName, providerGuid, systemTime, ...rest } = win.system ?? {}
  const upper = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)
  const system = Object.entries(rest).map(([name, value]) => `<${upper(name)}>${value}</${upper(name)}>`)
  const data = Object.entries(win.eventdata ?? {}).map(([name, value]) => `<Data Name='${upper(name)}'>${value}</Data>`)
  const Event =
    `<Event><System><Provider Name='${providerName}' Guid='${providerGuid}'/><TimeCreated SystemTime='${systemTime}'/>${system.join('')}</System>` +
    `<EventData>${data.join('')}</EventData></Event>`
  return [JSON.stringify({ Message: message, Event })]
}
