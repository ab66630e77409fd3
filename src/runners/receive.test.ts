import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import { defineReceiver } from '../define.ts'
import { openState } from '../durable/state.ts'
import { createLog } from '../log.ts'
import { createReceivers, migrations } from './receive.ts'

const echo = defineReceiver({
  name: 'echo',
  summary: 'Takes what it gets.',
  docs: '',
  options: z.object({}),
  example: {},
  receive: (delivery) => ({
    kind: 'accepted',
    id: delivery.headers.id,
    events: [JSON.parse(Buffer.from(delivery.body).toString())],
  }),
  sample: () => ({ headers: {}, body: new Uint8Array() }),
})

function setUp(append: (file: string, lines: string[]) => Promise<void>) {
  const place = { file: 'outrider.yaml', line: 1 }
  const setting = { place, name: 'e', type: 'echo', path: '/webhook/e', file: 'e.json', options: {}, max_body: 1000 }
  return createReceivers({
    receivers: [{ setting, definition: echo }],
    append,
    state: openState(':memory:', migrations),
    now: () => 0,
    log: createLog({ write() {}, now: () => 0, format: 'json' }),
  })
}

const delivery = (id: string | undefined, event: unknown) => ({
  method: 'POST',
  path: '/webhook/e',
  query: {},
  headers: (id === undefined ? {} : { id }) as Record<string, string>,
  body: Buffer.from(JSON.stringify(event)),
  now: 0,
})

test('writes a repeated delivery once, also when the repeat comes while the first is being written', async () => {
  const written: string[] = []
  let onDisk = () => {}
  const receivers = setUp((_file, lines) => {
    written.push(...lines)
    return new Promise((resolve) => (onDisk = resolve))
  })
  const first = receivers.receive('e', delivery('1', { a: 1 }))
  const second = receivers.receive('e', delivery('1', { a: 1 }))
  onDisk()
  assert.deepEqual([(await first).kind, (await second).kind], ['accepted', 'accepted'])
  assert.equal((await receivers.receive('e', delivery('1', { a: 1 }))).kind, 'accepted')
  assert.deepEqual(written, ['{"a":1}'])
})

test('does not accept what could not be kept, and takes the repeat', async () => {
  let isFull = true
  const written: string[] = []
  const receivers = setUp(async (_file, lines) => {
    if (isFull) throw new Error('ENOSPC')
    written.push(...lines)
  })
  assert.equal((await receivers.receive('e', delivery('1', {}))).kind, 'unavailable')
  isFull = false
  assert.equal((await receivers.receive('e', delivery('1', {}))).kind, 'accepted')
  assert.deepEqual(written, ['{}'])
})

test('shortens an event that Wazuh would drop', async () => {
  const written: string[] = []
  const receivers = setUp(async (_file, lines) => void written.push(...lines))
  await receivers.receive('e', delivery(undefined, { small: 'kept', big: 'x'.repeat(70_000) }))
  assert.deepEqual(written, ['{"small":"kept","truncated":true}'])
})
