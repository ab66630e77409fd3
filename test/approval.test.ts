/** Over the limit a person is asked: from the alert of a Wazuh beside to the answer on the command line. */
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Block, PastBlock } from '../src/api/parts.ts'
import { makeHome, runOutrider, startOutrider, waitFor } from './support/outrider.ts'

const alert = (n: number) => {
  const rule = { level: 10, description: 'test alert', id: '100001', groups: ['local'] }
  const manager = { name: 'm' }
  const agent = { id: '000', name: 'm' }
  const time = { timestamp: '2026-11-21T10:00:00.000+0000', id: `1795255200.${n}` }
  return `${JSON.stringify({ ...time, rule, agent, manager, data: { srcip: `203.0.113.${n}` }, location: 'x', full_log: 'x' })}\n`
}

test('what is over the limit waits for a person, who approves or refuses', { timeout: 60_000 }, async (t) => {
  const home = makeHome(t, {
    'alerts.json': '',
    'etc/ossec.conf': `<ossec_config>
  <command><name>list</name><executable>blocklist</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>list</command><location>local</location><rules_id>100001</rules_id><timeout>600</timeout></active-response>
</ossec_config>
`,
    'outrider.yaml': `listen: { port: 0 }
engine: beside
alerts: alerts.json
responses: { enabled: true, max_per_minute: 1, over_limit: ask }
`,
  })
  const outrider = await startOutrider(t, home)
  const run = (...args: string[]) => runOutrider(home, ['blocks', ...args])
  const blocks = async () => (await outrider.api<{ blocks: Block[] }>('GET', 'blocks')).blocks
  const blockOf = async (key: string) => (await blocks()).find((block) => block.key === key)

  // One after the other, because those of the same moment begin in no certain order.
  appendFileSync(join(home, 'alerts.json'), alert(1))
  await waitFor(async () => (await blockOf('203.0.113.1'))?.state === 'in force')
  appendFileSync(join(home, 'alerts.json'), alert(2) + alert(3))
  const isWaiting = ({ reason }: Block) => reason?.startsWith('waits for approval')
  await waitFor(async () => (await blocks()).filter(isWaiting).length === 2)
  assert.match((await run('list')).stdout, /203\.0\.113\.2 +planned .*waits for approval: more than 1 new ones within/)

  const [second, third] = [(await blockOf('203.0.113.2'))!.id, (await blockOf('203.0.113.3'))!.id]
  const unexplained = await run('approve', second)
  assert.deepEqual([unexplained.code, (await blockOf('203.0.113.2'))!.state], [2, 'planned'])
  assert.equal((await run('approve', second, '--reason', 'scanner')).stdout, `block ${second} is approved\n`)
  assert.equal((await run('refuse', third, '--reason', 'a customer')).stdout, `block ${third} is refused\n`)
  await waitFor(async () => (await blockOf('203.0.113.2'))?.state === 'in force')
  assert.equal(await blockOf('203.0.113.3'), undefined)

  const history = JSON.parse((await run('history', '--json')).stdout) as PastBlock[]
  const refused = history.map(({ key, state, guard, reason }) => ({
    key,
    state,
    guard,
    reason: reason?.split(': ')[1],
  }))
  assert.deepEqual(refused, [{ key: '203.0.113.3', state: 'refused', guard: 'approval', reason: 'a customer' }])
  assert.equal(await outrider.stop(), 0)
})
