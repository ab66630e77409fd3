/** An alert of an agent, a script on that agent's machine, over a real sshd: as it is configured and looked at by people. */
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Block, PastBlock } from '../src/api/parts.ts'
import { lacksSshd, startSshd } from '../src/responses/sshd-testing.ts'
import { makeHome, runOutrider, startOutrider, waitFor } from './support/outrider.ts'
import { recordScript } from './support/parts.ts'

const alert = (n: number, agent: { id: string; name: string }) => {
  const rule = { level: 10, description: 'brute force', id: '100001', groups: ['local'] }
  const time = { timestamp: '2026-11-21T10:00:00.000+0000', id: `1795255200.${n}` }
  return `${JSON.stringify({ ...time, rule, agent, manager: { name: 'm' }, data: { srcip: `203.0.113.${n}` }, location: 'x', full_log: 'x' })}\n`
}

test('a block on another machine, from the alert to its end by hand', {
  skip: lacksSshd,
  timeout: 180_000,
}, async (t) => {
  const sshd = await startSshd(t, { record: recordScript() })
  const { ssh, port, identity, known_hosts, home: there } = sshd.host
  const home = makeHome(t, {
    'alerts.json': '',
    'etc/ossec.conf': `<ossec_config>
  <command><name>record</name><executable>record</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>record</command><location>local</location><rules_id>100001</rules_id><timeout>600</timeout></active-response>
</ossec_config>
`,
    'outrider.yaml': `listen: { port: 0 }
engine: beside
alerts: alerts.json
responses: { enabled: true }
hosts:
  web-1: ${JSON.stringify({ agent: '001', ssh, port, identity, known_hosts, home: there })}
`,
  })
  const outrider = await startOutrider(t, home)
  const run = (...args: string[]) => runOutrider(home, ['blocks', ...args])
  const list = async () => JSON.parse((await run('list', '--json')).stdout) as Block[]
  const inForce = async (key: string) => (await list()).find((block) => block.key === key && block.state === 'in force')

  // The one of agent 002 leads nowhere: that agent is not among the hosts.
  appendFileSync(join(home, 'alerts.json'), alert(2, { id: '002', name: 'db' }) + alert(1, { id: '001', name: 'web' }))
  const block = await waitFor(() => inForce('203.0.113.1'))
  assert.equal(block.host, 'web-1')
  assert.deepEqual(sshd.lines('record.txt'), ['add 203.0.113.1'])
  assert.match((await run('list')).stdout, /203\.0\.113\.1 on web-1 +in force/)
  assert.equal((await list()).length, 1)

  const byHand = await run('add', 'record', '203.0.113.7', '--seconds', '600', '--reason', 'test', '--host', '1')
  assert.match(byHand.stdout, /^record 203\.0\.113\.7 on 1: block /)
  await waitFor(() => inForce('203.0.113.7'))
  const wrong = await run('add', 'record', '203.0.113.7', '--seconds', '600', '--reason', 'test', '--host', 'mail')
  assert.deepEqual([wrong.code, wrong.stderr], [2, 'outrider: there is no host "mail"; known are web-1\n'])

  // What is in force stays when Outrider is killed, and ends by hand after the next start.
  await outrider.kill()
  const again = await startOutrider(t, home)
  assert.equal((await run('remove', block.id, '--reason', 'a customer')).code, 0)
  await waitFor(async () => sshd.lines('record.txt').includes('delete 203.0.113.1'))
  const history = await waitFor(async () => {
    const past = JSON.parse((await run('history', '--json')).stdout) as PastBlock[]
    return past.length > 0 && past
  })
  assert.deepEqual(
    history.map(({ key, host, state }) => [key, host, state]),
    [['203.0.113.1', 'web-1', 'ended']],
  )
  assert.equal(await again.stop(), 0)
})
