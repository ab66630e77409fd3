import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import loki from './loki.ts'
import { alert, context, outcome, request } from './testing.ts'

test('pushes the alert as a line, with few labels', () => {
  const { url, headers } = request(loki, alert(), { user: 'u', api_key: 'p' })
  assert.equal(url, 'https://loki.example:3100/loki/api/v1/push')
  assert.equal(headers!['x-scope-orgid'], 'soc')
  assert.equal(headers!.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
  assert.deepEqual(JSON.parse(request(loki).body as string), {
    streams: [
      { stream: { job: 'wazuh', severity: 'low' }, values: [['1705314645123000000', JSON.stringify(alert())]] },
    ],
  })
})

test('many alerts are as many streams of one push', () => {
  const options = z.parse(loki.options, loki.example)
  const parts = [3, 12].map((level) => {
    const one = alert({ rule: { level } })
    return loki.batch!.part(one, options, context(one))
  })
  const { streams } = JSON.parse(loki.batch!.request(parts, options, 0).body as string)
  assert.deepEqual(
    streams.map(({ stream }: { stream: Record<string, string> }) => stream.severity),
    ['informational', 'high'],
  )
})

test('a wrong address waits for a person', () => assert.equal(outcome(loki, 404)?.kind, 'paused'))

test('what Loki would not take for its time is filed under when it is sent', () => {
  const { now } = context(alert())
  const at = (minutes: number) => {
    const timestamp = new Date(now + minutes * 60_000).toISOString().replace('Z', '+0000')
    return Number(JSON.parse(request(loki, alert({ timestamp })).body as string).streams[0].values[0][0].slice(0, -6))
  }
  assert.deepEqual([at(-49), at(4)], [now - 49 * 60_000, now + 4 * 60_000])
  assert.deepEqual([at(-51), at(-60 * 24 * 9), at(6)], [now, now, now])
})

test('a line that is too long is still JSON', () => {
  const [[, line]] = JSON.parse(request(loki, alert({ full_log: 'ы'.repeat(200_000) })).body as string).streams[0]
    .values
  assert.ok(Buffer.byteLength(line) <= 262_144)
  assert.equal(JSON.parse(line).rule.id, '5760')
})
