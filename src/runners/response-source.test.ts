import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import { Notices } from '../durable/notices.ts'
import { openState } from '../durable/state.ts'
import type { Responder } from '../responses/types.ts'
import { followForResponses } from './response-source.ts'

test('an alert of several megabytes causes a response, as it is delivered; one over the limit is told of', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-responses-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const alerts_file = join(folder, 'alerts.json')
  writeFileSync(alerts_file, '')
  using state = openState(join(folder, 'state.db'), [])
  const planned: string[] = []
  const warned: string[] = []
  const ending = new AbortController()
  const responder = {
    plan: ({ id }: Alert) => {
      planned.push(id)
      return { intents: [] }
    },
    record() {},
    kick() {},
  } as unknown as Responder
  const quiet = () => {}
  const log = { debug: quiet, info: quiet, error: quiet, warn: (message: string) => void warned.push(message) }
  const write = () => {
    for (const [id, length] of [
      ['1', 2 << 20],
      ['2', 20 << 20],
      ['3', 10],
    ] as const)
      appendFileSync(alerts_file, `${JSON.stringify({ id, rule: { level: 5 }, full_log: 'x'.repeat(length) })}\n`)
  }
  const parts = { alerts_file, state, responder, log, notices: new Notices(), signal: ending.signal }
  let seen = 0
  const following = followForResponses({
    ...parts,
    seen: (lines) => {
      seen += lines.length
      if (seen === 2) ending.abort()
    },
  })
  write()
  await following
  assert.deepEqual(planned, ['1', '3'])
  assert.equal(warned.length, 1)
  assert.match(warned[0]!, /is 20971\d+ bytes long/)
})
