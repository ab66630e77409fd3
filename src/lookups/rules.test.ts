/** Which rules the events of look-ups lead to, and whose alerts they become. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Alert } from '../alert.ts'
import type { Lookup } from '../define.ts'
import { createSession } from '../engine/index.ts'
import { loadRulesetFor } from '../runners/ruleset.ts'
import { queueMessage, readQueueMessage } from '../wazuh/queue-message.ts'
import { eventOf } from './event.ts'
import maltiverse from './maltiverse.ts'
import { addressAlert, event, fileAlert, hash, ip } from './testing.ts'
import virustotal from './virustotal.ts'

const stock = fileURLToPath(new URL('../../../shared/wazuh-4.14.7/ruleset', import.meta.url))
const rulesets = [
  { name: 'the starter ruleset', folder: undefined, skip: false },
  { name: "Wazuh's ruleset", folder: stock, skip: !existsSync(stock) && 'the stock ruleset is not here' },
]

const report = (malicious: number) => ({
  data: { attributes: { last_analysis_stats: { malicious, undetected: 70 - malicious } } },
})
const sample = (more: Record<string, unknown>) => ({ type: 'ip', classification: 'malicious', blacklist: [], ...more })
const software = { source_name: 'mitre-attack', external_id: 'S0266', url: 'u', description: 'TrickBot' }

for (const { name, folder, skip } of rulesets)
  test(`events lead to the rules with Wazuh's ids: ${name}`, { skip }, () => {
    const { ruleset } = loadRulesetFor({ ruleset: folder, rules: [], decoders: [], lists: [] })
    const session = createSession(ruleset!, { hostname: 'siem', mode: 'live' })
    // The same way as through the event file.
    const decide = (lookup: Lookup, made: Record<string, unknown>, agent?: Alert['agent']) =>
      session.process(readQueueMessage(queueMessage(eventOf(lookup.name, made, agent)))!, 0)
    const vt = (body: unknown, status = 200) => event(virustotal, hash, fileAlert(), body, status)
    const mv = (more: Record<string, unknown>) => event(maltiverse, ip, addressAlert(), sample(more))

    for (const [lookup, made, rule, level] of [
      [virustotal, vt(report(62)), 87105, 12],
      [virustotal, vt(report(0)), 87104, 3],
      [virustotal, vt({}, 404), 87103, 3],
      [virustotal, virustotal.error!(429, ''), 87101, 3],
      [virustotal, virustotal.error!(401, ''), 87102, 3],
      [virustotal, virustotal.error!(408, ''), 87106, 3],
      [virustotal, virustotal.error!(500, ''), 87100, 0],
      [maltiverse, mv({ blacklist: [{ source: 'a', external_references: [software] }] }), 99701, 12],
      [maltiverse, mv({ blacklist: [{ source: 'a' }, { source: 'b' }] }), 99702, 12],
      [maltiverse, mv({ classification: 'whitelist' }), 99700, folder === undefined ? 3 : 10],
    ] as const) {
      const { rule: found } = decide(lookup, made)
      assert.deepEqual([found?.id, found?.level], [rule, level], JSON.stringify(made))
    }

    const agent = { id: '001', name: 'web-01', ip: 'fd00::7' }
    const alert = JSON.parse(decide(virustotal, vt(report(62)), agent).json(1))
    assert.deepEqual(alert.agent, agent)
    assert.equal(alert.location, 'virustotal')
    assert.equal(alert.data.virustotal.source.alert_id, fileAlert().id)
    assert.equal(alert.data.virustotal.positives, '62')
    assert.match(alert.rule.description, /\/tmp\/eicar\.com/)
    const own = JSON.parse(decide(virustotal, vt(report(62)), fileAlert().manager as never).json(1))
    assert.deepEqual([own.agent, own.location], [{ id: '000', name: 'siem' }, 'virustotal'])
  })
