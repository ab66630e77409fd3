/** A service that is not to be had for a while. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import firewallApi from './firewall-api.ts'
import { bench, block, command } from './test-kit.ts'

async function bed(t: TestContext, timeout: number) {
  const there = new Set<string>()
  const service = { status: 503 as number | undefined }
  const made = await bench(t, {
    commands: [command('firewall-api')],
    responses: [block('firewall-api', { timeout })],
    definitions: { 'firewall-api': () => Promise.resolve({ default: firewallApi as never }) },
    settings: { options: { 'firewall-api': { url: 'https://fw.example.com', token: 'secret' } } },
    async http({ method, url, json }) {
      if (service.status === undefined) throw new Error('connection refused')
      const { source } = (json ?? {}) as { source?: string }
      if (service.status === 200 && source) there.add(source)
      if (service.status === 200 && method === 'DELETE') there.delete(url.split('/').at(-1)!)
      return { status: service.status, headers: {}, text: '' }
    },
  })
  return { made, there, service }
}

test('a block is made as soon as the service can be reached, within its time', async (t) => {
  const { made, there, service } = await bed(t, 600)
  await made.alert({ srcip: '203.0.113.5' })
  service.status = undefined
  for (let n = 0; n < 20; n++) await made.pass(15)
  const [waiting] = made.responder.list()
  assert.equal(waiting!.state, 'planned')
  assert.match(waiting!.reason!, /fw\.example\.com: connection refused/)
  assert.ok(made.log.records.some(({ level, message }) => level === 'error' && /will be tried again/.test(message)))
  service.status = 200
  for (let n = 0; n < 19; n++) await made.pass(15)
  assert.deepEqual([...there], ['203.0.113.5'])
  await made.pass(20)
  assert.deepEqual([[...there], made.responder.list()], [[], []])
})

test('it is given up when its time is over, or after a day when it has none', async (t) => {
  for (const [timeout, within] of [
    [60, 120],
    [0, 90_000],
  ] as const) {
    const { made, service } = await bed(t, timeout)
    await made.alert({ srcip: '203.0.113.5' })
    for (let n = 0; n < 300; n++) await made.pass(within / 300)
    // What half of it may have been done is taken back before it is over.
    assert.equal(made.responder.list()[0]!.state, 'undoing')
    service.status = 200
    for (let n = 0; n < 30; n++) await made.pass(10)
    assert.deepEqual(
      made.responder.history(10).map(({ state }) => state),
      ['failed'],
    )
  }
})

test('what the service refuses is given up soon', async (t) => {
  const { made, service } = await bed(t, 600)
  service.status = 422
  await made.alert({ srcip: '203.0.113.5' })
  for (let n = 0; n < 60; n++) await made.pass(1)
  assert.notEqual(made.responder.list()[0]!.state, 'planned')
})
