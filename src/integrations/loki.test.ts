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
