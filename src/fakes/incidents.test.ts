/** The life of an incident, by the rules of those who keep it: created, told more of, resolved. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Alert, toBytes } from '../alert.ts'
import type { Integration } from '../define.ts'
import type { IncidentPart } from '../delivery/incidents.ts'
import { createSender } from '../delivery/send.ts'
import { integrations } from '../integrations/index.ts'
import { alert } from '../integrations/testing.ts'
import { seeded } from './faults.ts'
import { fakes } from './index.ts'
import { startFake } from './server.ts'

const now = Date.parse('2026-03-01T10:30:50Z')
const timestamp = '2026-03-01T10:30:45.123+0000'
const part: IncidentPart = { key: '0123456789abcdef0123456789abcdef', more: 37, since: now }
const ends: IncidentPart['over'][] = [
  { by: 'quiet', seconds: 3600 },
  { by: 'alert' },
  { by: 'block', target: '203.0.113.9' },
]
const hostile = alert({
  timestamp,
  full_log: `{noformat} \`\`\` <!channel> @everyone ${'ы😀'.repeat(20_000)}`,
  rule: { level: 12, id: '5712', description: `&<b> *_~ ${'x'.repeat(2000)}`, groups: ['sshd'] },
})

/** Those that keep incidents, the options that let them close, and what the fake says of the three steps. */
const cases: Record<string, { more: Record<string, unknown>; steps: RegExp[] }[]> = {
  jira: [
    { more: {}, steps: [/^created SOC-1$/, /^comment on SOC-1$/, /^comment on SOC-1$/] },
    {
      more: { resolved_transition: '31' },
      steps: [/^created SOC-1$/, /^comment on SOC-1$/, /^transition 31 of SOC-1$/],
    },
  ],
  pagerduty: [{ more: {}, steps: [/^alert /, /^alert again /, /^resolve /] }],
  opsgenie: [{ more: {}, steps: [/./, /./, /close/] }],
  slack: [{ more: {}, steps: [/./, /thread/, /thread/] }],
  thehive: [
    { more: {}, steps: [/^alert ~8$/, /^comment on ~8$/, /^comment on ~8$/] },
    { more: { resolved_status: 'Ignored' }, steps: [/^alert ~8$/, /^comment on ~8$/, /^changed ~8$/] },
  ],
  servicenow: [
    { more: {}, steps: [/^created/, /./, /./] },
    { more: { resolved_fields: { state: '6', close_code: 'Solution provided' } }, steps: [/^created/, /./, /./] },
  ],
  zammad: [
    { more: {}, steps: [/^ticket 1$/, /^article of ticket 1$/, /^article of ticket 1$/] },
    { more: { resolved_state: 'closed' }, steps: [/^ticket 1$/, /^article of ticket 1$/, /^changed ticket 1$/] },
  ],
}

for (const [name, variants] of Object.entries(cases))
  for (const { more, steps } of variants)
    test(`${name}: created, told more of, resolved ${JSON.stringify(more)}`, async (t) => {
      const { default: fake } = await fakes[name as keyof typeof fakes]!()
      const { default: integration } = (await integrations[name]!()) as { default: Integration }
      const told: { verdict: string; what: string }[] = []
      const running = await startFake(fake, {
        random: seeded(1),
        now: () => now,
        tell: ({ verdict, what }) => void told.push({ verdict, what }),
      })
      t.after(() => running.close())
      let count = 0
      // Those without threads are left out.
      const given = Object.entries(fake.destinations!(running.url)).filter(
        ([, options]) => name !== 'slack' || 'api_key' in options,
      )
      for (const [key, options] of given)
        for (const over of ends)
          for (const language of ['en', 'ru'] as const)
            for (const usual of [alert({ timestamp }), hostile]) {
              const one = { ...usual, id: `1772361045.${count++}` }
              const parsed = integration.options.safeParse({ ...options, ...more })
              assert.ok(parsed.success, `${key}: ${parsed.error}`)
              const destination = {
                place: { file: '', line: 0 },
                name: key,
                type: name,
                options: parsed.data,
                filter: { level: 0 },
              }
              const sender = createSender(
                { ...destination, concurrency: 1, deadline: 10, from: 'now' },
                integration,
                () => now,
                { language },
              )
              const send = async (incident: IncidentPart) => {
                const { outcome } = await sender.send(
                  { line: toBytes(JSON.stringify(one)), alert: one as Alert, incident },
                  new AbortController().signal,
                )
                assert.equal(outcome.kind, 'delivered', `${key}: ${JSON.stringify(outcome)}`)
                return (outcome as { ref?: string }).ref
              }
              told.length = 0
              const ref = await send({ ...part, more: 0 })
              assert.ok(ref, `${key} has no name for it`)
              await send({ ...part, ref })
              await send({ ...part, ref, is_over: true, over })
              await sender.close()
              assert.equal(told.length, 3)
              for (const [n, { verdict, what }] of told.entries()) {
                assert.notEqual(verdict, 'refused')
                assert.match(
                  what.replace(/(SOC-|~|ticket )\d+/g, '$1N'),
                  new RegExp(steps[n]!.source.replace(/(SOC-|~|ticket )\d+/g, '$1N')),
                )
              }
            }
    })

test('without a ticket there is nothing to resolve', async () => {
  for (const name of ['jira', 'thehive', 'servicenow', 'zammad']) {
    const { default: integration } = (await integrations[name]!()) as { default: Integration }
    const options = integration.options.parse(integration.example)
    const context = {
      incident: { key: 'k', more: 0 },
      title: 't',
      body: 'b',
      idempotency_key: 'i',
      line: '',
      now,
      session: '',
    }
    assert.equal(integration.resolve!(alert(), options, context), undefined, name)
  }
})
