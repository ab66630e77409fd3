/** Over the limit a person is asked: from the alert of a Wazuh beside to the answer on the command line. */
import assert from 'node:assert/strict'
import { appendFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Block, PastBlock } from '../src/api/parts.ts'
import { makeHome, readAlerts, runOutrider, startOutrider, waitFor } from './support/outrider.ts'

const alert = (n: number) => {
  const rule = { level: 10, description: 'test alert', id: '100001', groups: ['local'] }
  const manager = { name: 'm' }
  const agent = { id: '000', name: 'm' }
  const time = { timestamp: '2026-11-21T10:00:00.000+0000', id: `1795255200.${n}` }
  return `${JSON.stringify({ ...time, rule, agent, manager, data: { srcip: `203.0.113.${n}` }, location: 'x', full_log: 'x' })}\n`
}

test('what is over the limit waits for a person, who approves or refuses', { timeout: 180_000 }, async (t) => {
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
  assert.match(
    (await run('list')).stdout,
    /203\.0\.113\.2 +to approve +.* ago +answer in .*waits for approval: more than 1 new ones within/,
  )

  const both = await run('approve', 'x', '--all', '--reason', 'x')
  const none = await run('approve', '--reason', 'x')
  assert.deepEqual([both.code, none.code], [2, 2])
  assert.match(none.stderr, /name one block, or all of them\n {2}hint: give its id, or --all/)

  const [second, third] = [(await blockOf('203.0.113.2'))!.id, (await blockOf('203.0.113.3'))!.id]
  const unexplained = await run('approve', second)
  assert.deepEqual([unexplained.code, (await blockOf('203.0.113.2'))!.state], [2, 'planned'])
  assert.equal((await run('approve', second, '--reason', 'scanner')).stdout, `block ${second} is approved\n`)
  assert.equal((await run('refuse', third, '--reason', 'a customer')).stdout, `block ${third} is refused\n`)
  await waitFor(async () => (await blockOf('203.0.113.2'))?.state === 'in force')
  assert.equal(await blockOf('203.0.113.3'), undefined)

  const report = (await run('report')).stdout
  assert.match(report, /^done +list +rule 100001 +2 +2 +203\.0\.113\.\d, 203/m)
  assert.match(report, /^refused \(approval\) +list +rule 100001 +1 +1 +203\.0\.113\.3$/m)
  assert.deepEqual([(await run('report', '--since', 'soon')).code, (await run('report', '--since', '1s')).code], [2, 0])

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

test('the link stands in an alert, so destinations have it; who follows it answers, once', {
  timeout: 180_000,
}, async (t) => {
  const home = makeHome(t, {
    'auth.log': '',
    'outrider.yaml': 'listen: { port: 0 }\nresponses: { enabled: true, max_per_minute: 1, over_limit: ask }\n',
  })
  writeFileSync(
    join(home, 'etc-ossec.conf'),
    `<ossec_config>
  <localfile><log_format>syslog</log_format><location>${home}/auth.log</location></localfile>
  <command><name>list</name><executable>blocklist</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>list</command><location>local</location><rules_id>5710</rules_id><timeout>600</timeout></active-response>
</ossec_config>
`,
  )
  appendFileSync(join(home, 'outrider.yaml'), 'ossec_conf: [etc-ossec.conf]\n')
  const outrider = await startOutrider(t, home)
  const line = (n: number) =>
    `Jan 15 10:30:45 web sshd[1]: Failed password for invalid user admin from 203.0.113.${n} port 54321 ssh2\n`
  const states = async () => {
    const { blocks } = await outrider.api<{ blocks: Block[] }>('GET', 'blocks')
    return Object.fromEntries(blocks.map(({ key, state, asks }) => [key, asks ? 'asks' : state]))
  }
  appendFileSync(join(home, 'auth.log'), line(1))
  await waitFor(async () => (await states())['203.0.113.1'] === 'in force')
  appendFileSync(join(home, 'auth.log'), line(2))

  const told = await waitFor(async () => readAlerts(home).find(({ rule }) => rule.id === '110396'))
  const { approve_url } = (told.data as { outrider: Record<string, string> }).outrider
  assert.ok(told.rule.description.endsWith(`: ${approve_url}`))
  assert.ok(approve_url!.startsWith(`${outrider.url}/approve/`))
  const logged = await outrider.logged(({ approve }) => approve !== undefined)
  assert.equal(logged.approve, approve_url)
  assert.equal(statSync(join(home, 'queue/approval.key')).mode & 0o777, 0o600)

  const page = await (await fetch(approve_url!)).text()
  assert.match(page, /list 203\.0\.113\.2, for 600 s\?/)
  assert.equal((await states())['203.0.113.2'], 'asks', 'to look is not to act')
  const body = new URLSearchParams({ answer: 'approve', reason: 'a scanner', name: 'Alice' })
  assert.equal((await fetch(approve_url!, { method: 'POST', body })).status, 200)
  await waitFor(async () => (await states())['203.0.113.2'] === 'in force')
  assert.equal((await fetch(approve_url!, { method: 'POST', body })).status, 410)
  const forged = approve_url!.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  assert.equal((await fetch(forged)).status, 404)
  const { audit } = await outrider.api<{ audit: { by: string; what: string; reason: string }[] }>('GET', 'blocks/audit')
  assert.deepEqual(
    audit.map(({ by, what, reason }) => [by, what, reason]),
    [['link:Alice', 'approved', 'a scanner']],
  )
  assert.equal(await outrider.stop(), 0)
})
