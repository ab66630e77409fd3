import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineEvent, Static } from '../event.ts'
import type { DecoderMemory } from './memory.ts'
import { accumulate, createDecoderMemory } from './memory.ts'

const info = { name: 'd', type: 'syslog', accumulate: true } as const

/** The fields of an event after accumulation, at a second. */
function seen(
  memory: DecoderMemory,
  at_s: number,
  fields: Record<string, string>,
  hostname = 'web',
): Record<string, string> {
  const event = new EngineEvent()
  event.decoder = info
  event.hostname = hostname
  for (const [name, value] of Object.entries(fields)) event.statics[Static[name as keyof typeof Static]] = value
  accumulate(event, memory, at_s * 1_000)
  const names = ['srcip', 'dstuser', 'data', 'url', 'id'] as const
  return Object.fromEntries(
    names.flatMap((name) => (event.statics[Static[name]] ? [[name, event.statics[Static[name]]!]] : [])),
  )
}

test('events of one id lend each other what is missing', () => {
  const memory = createDecoderMemory()
  seen(memory, 0, { id: '7', srcip: '1.1.1.1', url: '/x' })
  assert.deepEqual(seen(memory, 1, { id: '7', dstuser: 'bob' }), { id: '7', srcip: '1.1.1.1', dstuser: 'bob' })
  assert.deepEqual(seen(memory, 2, { id: '7', dstuser: 'eve', srcip: '' }), {
    id: '7',
    srcip: '1.1.1.1',
    dstuser: 'eve',
  })
  // What was stored first stays.
  assert.deepEqual(seen(memory, 3, { id: '7' }), { id: '7', srcip: '1.1.1.1', dstuser: 'bob' })
  assert.deepEqual(seen(memory, 3, { id: '8' }), { id: '8' })
  assert.deepEqual(seen(memory, 3, { id: '7' }, 'other'), { id: '7' })
})

test('forgets after two minutes without an event', () => {
  const memory = createDecoderMemory()
  seen(memory, 0, { id: '7', srcip: '1.1.1.1' })
  assert.equal(seen(memory, 120, { id: '7' }).srcip, '1.1.1.1')
  assert.equal(seen(memory, 240, { id: '7' }).srcip, '1.1.1.1')
  assert.equal(seen(memory, 361, { id: '7' }).srcip, undefined)
})

test('does not carry long values, nor long keys', () => {
  const memory = createDecoderMemory()
  seen(memory, 0, { id: '7', data: 'x'.repeat(81), srcip: 'x'.repeat(80) })
  assert.deepEqual(seen(memory, 1, { id: '7' }), { id: '7', srcip: 'x'.repeat(80) })
  const id = 'x'.repeat(250)
  seen(memory, 2, { id, srcip: '1.1.1.1' })
  assert.deepEqual(seen(memory, 3, { id }), { id })
})

test('throws away what is old every 200 look-ups, so that it cannot grow without end', () => {
  const memory = createDecoderMemory()
  for (let i = 0; i < 1_000; i++) seen(memory, i * 10, { id: `${i}` })
  assert.ok(memory.accumulated.size < 230, String(memory.accumulated.size))
})
