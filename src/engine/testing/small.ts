/** Small rulesets for tests: Wazuh's seven top-level rules, a few decoders, and what the test brings. */
import {
  createSession,
  type Decision,
  type LoadResult,
  loadRuleset,
  type RulesetSources,
  type Session,
} from '../index.ts'

const categories = ['syslog', 'firewall', 'ids', 'web-log', 'squid', 'windows', 'ossec']
const topRules = categories
  .map(
    (category, i) =>
      `<rule id="${i + 1}" level="0" noalert="1"><category>${category}</category><description>${category}</description></rule>`,
  )
  .join('\n')

const decoders = `
<decoder name="app"><program_name>^app$</program_name></decoder>
<decoder name="app-kv"><parent>app</parent><prematch>^kv </prematch>
  <regex offset="after_prematch">^user=(\\S*) src=(\\S*) col=(\\S*)</regex><order>user, srcip, col</order>
  <fts>name, user, srcip</fts></decoder>
<decoder name="wall"><program_name>^wall$</program_name><prematch>^</prematch><type>firewall</type>
  <regex>^(\\w+) (\\S+)</regex><order>action, srcip</order></decoder>
<decoder name="json"><prematch>^{\\s*"</prematch><plugin_decoder>JSON_Decoder</plugin_decoder></decoder>`

export function sourcesWith(rules: string, more: Partial<RulesetSources> = {}): RulesetSources {
  return {
    decoders: [{ path: 'etc/decoders/local.xml', text: decoders }],
    rules: [
      { path: 'ruleset/rules/0010.xml', text: `<group name="syslog,">${topRules}</group>` },
      { path: 'etc/rules/local.xml', text: rules },
    ],
    lists: [{ path: 'etc/lists/colours', text: 'red:warm\nblue:cold\n"a:b":"c:d"\n10.0.:net\n' }],
    ...more,
  }
}

export function load(rules: string, more: Partial<RulesetSources> = {}): LoadResult {
  return loadRuleset(sourcesWith(rules, more))
}

/** Rules in a group `local,`. */
export const inGroup = (rules: string) => `<group name="local,">${rules}</group>`

/** Runs the plain and the fast engine on the same events; each step answers with the plain decision after comparing both. */
export function run(
  rules: string,
  options: { mode?: 'live' | 'logtest'; more?: Partial<RulesetSources>; session?: object } = {},
): (log: string, at_s?: number, location?: string) => Decision {
  const { mode = 'live', more = {}, session = {} } = options
  const sessions = [true, false].map((plain): Session => {
    const { ruleset, messages } = load(rules, { ...more, plain })
    if (!ruleset) throw new Error(messages.join('\n'))
    return createSession(ruleset, { hostname: 'vm', mode, log_alert_level: 1, ...session })
  })
  return (log, at_s = 1_700_000_000, location = 'test') => {
    const [plain, fast] = sessions.map((one) => one.process({ log, location }, at_s * 1_000)) as [Decision, Decision]
    if (plain.json(0) !== fast.json(0) || plain.alert !== fast.alert) {
      throw new Error(`plain and fast differ\n${plain.json(0)}\n${fast.json(0)}`)
    }
    return plain
  }
}
