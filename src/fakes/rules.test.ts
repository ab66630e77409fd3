/** What our integrations make of alerts, by the rules of those who get it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Alert, toBytes } from '../alert.ts'
import type { Integration } from '../define.ts'
import { type Presentation, parseAlert } from '../delivery/attempt.ts'
import { createSender } from '../delivery/send.ts'
import type { Question } from '../delivery/types.ts'
import { withLookups } from '../delivery/with-lookups.ts'
import { integrations } from '../integrations/index.ts'
import { alert } from '../integrations/testing.ts'
import { seeded } from './faults.ts'
import { fakes } from './index.ts'
import { startFake } from './server.ts'

const now = Date.parse('2026-03-01T10:30:50Z')
const timestamp = '2026-03-01T10:30:45.123+0000'

/** `text` wherever a stranger may have a say. */
const everywhere = (text: string) =>
  ({
    timestamp,
    id: text,
    rule: {
      level: 15,
      description: text,
      id: text,
      groups: [text.slice(0, 50), ...Array(300).fill('group')],
      mitre: { id: [7, text], technique: null },
    },
    agent: { id: text, name: text, ip: text, labels: { customer: '__proto__' } },
    manager: { name: text },
    full_log: text,
    data: { srcip: text, dstuser: ['a'], win: 'text', url: text },
    location: text,
    syscheck: { path: text },
  }) as unknown as Alert

const ugly = `<!channel> @everyone @here </script>{{7*7}} "'\`;$(id) \u0000\u001b[31m\r\nBcc: x\u202e\ud83d 😀 |a|b| *_~ \\ = {noformat} ]]> & <b> .\r\n.\r\n`
const usual = alert({ timestamp })
const empty = {
  ...usual,
  full_log: '',
  location: '',
  id: '',
  agent: { id: '', name: '' },
  rule: { level: 3, id: '', description: '', groups: [''] },
}
const long = everywhere(ugly + 'x'.repeat(60_000))
// A text that grows most where a service has it escaped, counted in bytes, or written twice.
const alerts: Record<string, Alert> = {
  usual,
  bare: { rule: {} } as unknown as Alert,
  late: { ...usual, timestamp: '2025-12-01T10:30:45.123+0000' },
  early: { ...usual, timestamp: '2026-03-01T11:30:45.123+0000' },
  empty,
  blank: { ...usual, full_log: ' ', location: ' ', agent: { id: '001', name: '\u200b' } },
  ugly: everywhere(ugly),
  long,
  'characters of two bytes': everywhere('ы '.repeat(10_000)),
  'characters of four bytes': everywhere('😀'.repeat(10_000)),
  'control characters': everywhere('\u0001\u0000'.repeat(10_000)),
  'what HTML escapes': everywhere('&<>"'.repeat(10_000)),
  'what Markdown escapes': everywhere('`@_*'.repeat(10_000)),
  'what JSON escapes': everywhere('\\"\n'.repeat(10_000)),
  'what CEF escapes': everywhere('=|'.repeat(10_000)),
  'odd names': {
    ...usual,
    data: JSON.parse(
      `{"": 1, " ": 2, "../../etc/profile": [""], "a.": {"b": ${'{"c":'.repeat(50)}1${'}'.repeat(50)}}}`,
    ),
  },
  fences: everywhere('```'.repeat(5000)),
}

const told = 'told by ten look-ups'

/** The usual words, and what people may have templates make of an alert: nothing at all, or all that a stranger wrote. */
const styles: Record<string, Presentation> = {
  usual: {},
  'in Russian, empty templates': { language: 'ru', timezone: 'Europe/Moscow', title: () => '', body: () => ' ' },
  [told]: {},
  'templates with the log': { title: ({ full_log }) => String(full_log), body: ({ full_log }) => `${full_log}` },
}

/** Who says of an alert what its log says. */
function tenLookups({ full_log }: Alert): Question[] {
  const said = { found: 1, text: full_log?.slice(0, 2000) }
  return Array.from({ length: 10 }, (_, n) => ({
    service: `service-${n}`,
    title: `Service ${n}`,
    answer: { kind: 'known', said, words: () => [full_log ?? ''] },
    missed: () => {},
  }))
}

/** Options that the fakes' own settings do not use. */
const dashboard_url = 'https://siem.example/app/wazuh'
const moreOptions: Record<string, Record<string, unknown>> = {
  'dfir-iris': { customers: { acme: 2 }, customer_id: 3, severity_ids: [1, 2, 3, 4, 5], dashboard_url },
  discord: { username: 'Wazuh', thread_id: '1234567890' },
  jira: { priorities: ['Lowest', 'Low', 'Medium', 'High', 'Highest'], labels: ['a b', 'c'], issue_type: 'Incident' },
  loki: { user: 'loki', api_key: 'k', labels: { job: 'wazuh', site: 'hq' } },
  matrix: { msgtype: 'm.text' },
  mattermost: { channel: 'soc', username: 'Wazuh', icon_url: 'https://siem.example/icon.png' },
  ntfy: { api_key: 'tk_fake', click: dashboard_url },
  opensearch: { index: 'wazuh-alerts-4.x-sample' },
  opsgenie: { responders: [{ type: 'team', id: '1' }] },
  pagerduty: { dedup: 'rule-and-agent', client_url: dashboard_url },
  rocketchat: { channel: '#soc', alias: 'Wazuh', avatar: 'https://siem.example/icon.png' },
  servicenow: { category: 'security', assignment_group: 'SOC', fields: { caller_id: 'wazuh' } },
  'splunk-hec': { index: 'wazuh', sourcetype: 'wazuh:alerts' },
  syslog: { max_bytes: 480, facility: 4, app_name: 'x'.repeat(48) },
  teams: { dashboard_url },
  telegram: { message_thread_id: 7 },
  thehive: { procedures: true, case_template: 'wazuh', organisation: 'Ärzte', dashboard_url },
}

for (const [name, load] of Object.entries(fakes)) {
  const { default: fake } = await load()
  if (!fake.destinations || !integrations[name]) continue
  const { default: integration } = (await integrations[name]()) as { default: Integration }

  test(`${name}: no alert breaks a rule`, { timeout: 120_000 }, async (t) => {
    const refused: string[] = []
    let heard = () => {}
    const running = await startFake(fake, {
      random: seeded(1),
      now: () => now,
      tell({ verdict, what }) {
        if (verdict === 'refused') refused.push(what)
        heard()
      },
    })
    t.after(() => running.close())
    const destinations = Object.entries(fake.destinations!(running.url)).flatMap(([key, given]) => [
      [key, given] as const,
      ...(name in moreOptions ? [[`${key} with more`, { ...given, ...moreOptions[name] }] as const] : []),
    ])
    for (const [key, given] of destinations) {
      const options = integration.options.safeParse(given)
      assert.ok(options.success, `${key}: ${options.error}`)
      const destination = {
        place: { file: '', line: 0 },
        name: key,
        type: name,
        options: options.data,
        filter: { level: 0 },
      }
      for (const [style, presentation] of Object.entries(styles)) {
        const isTold = style === told
        const plain = createSender(
          { ...destination, name: style, concurrency: 1, deadline: 10, from: 'now' },
          integration,
          () => now,
          presentation,
        )
        const schedule = () => () => {}
        const sender = isTold
          ? withLookups(plain, { ask: tenLookups, lookup_wait: 0, language: 'en', schedule, warn: assert.fail })
          : plain
        t.after(() => sender.close())
        for (const [kind, one] of Object.entries(style === 'usual' || isTold ? alerts : { usual, empty, long })) {
          const line = toBytes(JSON.stringify(one))
          const arrived = new Promise<void>((resolve) => (heard = resolve))
          const { outcome } = await sender.send({ line, alert: parseAlert(line)! }, t.signal)
          // A datagram has no answer.
          await arrived
          const what = `${key}, ${style}: ${kind}`
          assert.deepEqual(refused, [], what)
          assert.equal(outcome.kind, 'delivered', `${what}: ${JSON.stringify(outcome)}`)
        }
      }
    }
    assert.equal(running.counts.refused, 0)
    assert.ok(running.counts.accepted >= destinations.length * Object.keys(alerts).length)
  })
}
