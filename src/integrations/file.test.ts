import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import file from './file.ts'
import { alert, outgoing } from './testing.ts'

test('appends the alert as it stands', () => {
  assert.deepEqual(outgoing(file), { file: '/var/log/wazuh-alerts.ndjson', line: JSON.stringify(alert()) })
  assert.equal(z.safeParse(file.options, { file: 'relative' }).success, false)
})
