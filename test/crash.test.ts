/** What kill -9 must not cost: alerts on their way, blocks in force, webhooks that were answered. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Block } from '../src/api/parts.ts'
import { seeded } from '../src/fakes/faults.ts'

import { eventually, makeHome, startOutrider, waitFor } from './support/outrider.ts'
import { recordScript, rules } from './support/parts.ts'
import { startTarget } from './support/target.ts'

const localfile = `<ossec_config>
  <localfile>
    <log_format>syslog</log_format>
    <location>in.log</location>
  </localfile>
</ossec_config>
`

const lineOf = (n: number) => `Jan 15 10:30:45 web app[1]: outrider-test number=${n} from 203.0.113.${(n % 250) + 1}\n`
const numberOf = (text: string) => Number(/number=(\d+)/.exec(text)?.[1] ?? Number.NaN)

test('every alert arrives although the daemon is killed twenty times and a third of the answers are 500 or 429', {
  timeout: 300_000,
}, async (t) => {
  const random = seeded(20261121)
  const target = await startTarget(t, () => {
    const dice = random()
    if (dice < 1 / 6) return { status: 500 }
    if (dice < 1 / 3) return { status: 429, headers: { 'retry-after': '0' } }
    return { status: 200 }
  })
  const home = makeHome(t, {
    'etc/ossec.conf': localfile,
    'etc/rules/local_rules.xml': rules,
    'in.log': '',
    'outrider.yaml': `listen: { port: 0 }
destinations:
  target:
    type: webhook
    hook_url: ${target.url}/
    concurrency: 16
    rule_id: '100001'
`,
  })

  const alerts = 2000
  const kills = 20
  let written = 0
  for (let kill = 0; kill < kills; kill++) {
    const outrider = await startOutrider(t, home)
    const dies = wait(random() * 300)
    // Written in pieces while it runs and dies, so that kills meet every stage.
    for (const end = Math.round((alerts * (kill + 1)) / kills); written < end; ) {
      const piece = Array.from({ length: Math.min(25, end - written) }, () => lineOf(written++))
      appendFileSync(join(home, 'in.log'), piece.join(''))
      await wait(random() * 20)
    }
    await dies
    await outrider.kill()
  }
  assert.equal(written, alerts)

  const outrider = await startOutrider(t, home)
  const arrived = () => new Set(target.taken.map(({ body }) => numberOf(JSON.parse(body).full_log)))
  // One of 2,000 fails seven times in a row and would wait for a minute by itself; as `outrider deliveries retry` does it, it need not.
  const hurry = setInterval(() => outrider.api('POST', 'destinations/target/retry', {}).catch(() => {}), 1000)
  await eventually(home, () => arrived().size === alerts, 120_000).finally(() => clearInterval(hurry))
  const duplicates = target.taken.length - alerts
  t.diagnostic(`${alerts} alerts arrived, ${duplicates} of them more than once, over ${kills} kills`)
  assert.equal(await outrider.stop(), 0)
})

test('blocks in force at a kill are undone on time after the restart', { timeout: 180_000 }, async (t) => {
  const home = makeHome(t, {
    'etc/ossec.conf': `${localfile}<ossec_config>
  <command><name>record</name><executable>record</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>record</command><location>local</location><rules_id>100001</rules_id><timeout>6</timeout></active-response>
</ossec_config>
`,
    'etc/rules/local_rules.xml': rules,
    'active-response/bin/record': { text: recordScript('from \\([0-9.]*\\)'), mode: 0o750 },
    'in.log': '',
    'outrider.yaml': 'listen: { port: 0 }\nresponses:\n  enabled: true\n',
  })
  const record = () => readFileSync(join(home, 'record.txt'), { encoding: 'utf8', flag: 'a+' }).split('\n')
  const count = (command: string) => record().filter((line) => line.startsWith(command)).length

  const first = await startOutrider(t, home)
  appendFileSync(join(home, 'in.log'), Array.from({ length: 20 }, (_, n) => lineOf(n)).join(''))
  // Not when the scripts have written their lines: one that the daemon has not seen end is undone and done once more after a kill.
  await waitFor(async () => {
    const { blocks } = await first.api<{ blocks: Block[] }>('GET', 'blocks')
    return blocks.filter(({ state }) => state === 'in force').length === 20
  })
  await first.kill()
  const killed = Date.now()
  assert.equal(count('delete '), 0)

  const second = await startOutrider(t, home)
  await eventually(home, () => count('delete ') === 20)
  const seconds = (Date.now() - killed) / 1000
  t.diagnostic(`all 20 undone ${seconds.toFixed(1)} s after the kill; they were for 6 s`)
  assert.equal(new Set(record().filter((line) => line.startsWith('delete '))).size, 20)
  assert.equal(count('delete '), 20, 'each once')
  // The scripts have written their line; now the daemon has to see them end.
  await eventually(home, () => second.log.filter(({ message }) => message.endsWith(': undone')).length === 20)
  const { blocks } = await second.api<{ blocks: unknown[] }>('GET', 'blocks')
  assert.deepEqual(blocks, [])
  assert.equal(await second.stop(), 0)
})

test('a webhook that was answered 2xx becomes an alert whatever happens next', { timeout: 180_000 }, async (t) => {
  const secret = 'a secret of the test'
  const home = makeHome(t, {
    'outrider.yaml': `listen: { port: 0 }
receivers:
  github:
    type: github
    secret: ${secret}
`,
  })
  const random = seeded(7)
  const answered = new Set<number>()
  let n = 0
  for (let kill = 0; kill < 8; kill++) {
    const outrider = await startOutrider(t, home)
    const dies = wait(100 + random() * 300).then(() => outrider.kill())
    let isDead = false
    void dies.then(() => (isDead = true))
    const sender = async () => {
      while (!isDead) {
        const number = n++
        const body = JSON.stringify({
          action: 'published',
          security_advisory: { severity: 'critical', summary: `number=${number}` },
        })
        const headers = {
          'content-type': 'application/json',
          'x-github-event': 'security_advisory',
          'x-github-delivery': `delivery-${number}`,
          'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
        }
        const response = await fetch(`${outrider.url}/webhook/github`, { method: 'POST', headers, body }).catch(
          () => undefined,
        )
        if (response?.ok) answered.add(number)
      }
    }
    await Promise.all([dies, sender(), sender(), sender(), sender()])
  }
  t.diagnostic(`${answered.size} of ${n} webhooks were answered 2xx`)
  assert.ok(answered.size > 50)

  const outrider = await startOutrider(t, home)
  const alerts = () =>
    readFileSync(join(home, 'logs/alerts/alerts.json'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"110303"'))
      .map(numberOf)
  await eventually(home, () => {
    const there = new Set(alerts())
    return [...answered].every((number) => there.has(number))
  })
  assert.equal(await outrider.stop(), 0)
})
