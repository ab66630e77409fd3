/** The stock ruleset and the recorded answers of the real engine, for tests. They lie beside the project and need not be there. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { type NamedSources, readRulesetFiles, selectByName } from '../../wazuh/ruleset-files.ts'
import type { RulesetSources } from '../index.ts'

const shared = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..', 'shared')
export const golden = (name: string) => join(shared, 'golden', name)

/** For `test(name, { skip })`. */
export const skip = existsSync(golden('README.md')) ? false : 'needs the recorded answers in ../shared'

const ruleset = join(shared, 'wazuh-4.14.7', 'ruleset')

/** Wazuh's own test suite: .ini files. */
export const suiteFolder = join(ruleset, 'testing', 'tests')

/** Sources of the stock ruleset with what is named besides. */
export function stockSources(more: NamedSources = {}): RulesetSources {
  return readRulesetFiles(selectByName({ ruleset, ...more }))
}

/** As the runner of Wazuh's own test suite has it: with the test rules and decoders, and rule 60000 for JSON instead of the event channel. */
export function suiteSources(): RulesetSources {
  const testing = join(ruleset, 'testing', 'ruleset')
  const sources = stockSources({ rules: [testing], decoders: [testing] })
  const isRules = ({ path }: { path: string }) => !path.endsWith('decoders.xml')
  return {
    ...sources,
    decoders: sources.decoders.filter((file) => !/_rules\.xml$|\/test_rules\.xml$/.test(file.path)),
    rules: sources.rules.filter(isRules).map((file) => {
      if (!file.path.endsWith('0575-win-base_rules.xml')) return file
      const base = /<rule id="60000"[\s\S]*?<\/rule>/
      const changed = (rule: string) =>
        rule.replace('windows_eventchannel', 'json').replace('<category>ossec</category>', '')
      return { ...file, text: file.text.replace(base, changed) }
    }),
  }
}

/** What golden/extra.jsonl.gz was recorded with. */
export function extraSources(): RulesetSources {
  return stockSources({
    rules: [golden('extra-rules.xml')],
    decoders: [golden('extra-decoders.xml')],
    lists: [golden('extra-lists')],
  })
}

/** Lines of a recording as byte strings. */
export function goldenLines(name: string): string[] {
  const bytes = readFileSync(golden(name))
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
  return text.split('\n').filter((line) => line !== '')
}
