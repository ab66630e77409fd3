/** Responses that speak to services, from a line in a log to the service and back, over a daemon that is killed in between. */
import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { stringify } from 'yaml'
import type { Block } from '../src/api/parts.ts'
import type { HttpFake } from '../src/fakes/define.ts'
import { fakes } from '../src/fakes/index.ts'
import { startFake } from '../src/fakes/server.ts'
import { makeHome, runOutrider, startOutrider, waitFor } from './support/outrider.ts'

const names = ['pfsense', 'fortigate', 'okta']
const seconds = 6

test('a block outlives the daemon, and ends on time after it', { timeout: 180_000 }, async (t) => {
  const options: Record<string, unknown> = {}
  const did: Record<string, string[]> = {}
  for (const name of names) {
    const fake = (await fakes[name]!()).default as HttpFake
    const told: string[] = (did[name] = [])
    const tell = ({ verdict, what }: { verdict: string; what: string }) => void told.push(`${verdict}: ${what}`)
    const running = await startFake(fake, { random: () => 0, now: Date.now, tell })
    t.after(running.close)
    options[name] = fake.response!(running.url)
  }
  const home = makeHome(t, {
    'auth.log': '',
    'etc/ossec.conf': '',
    'outrider.yaml': stringify({ listen: { port: 0 }, responses: { enabled: true, options } }),
  })
  const blocks = names.map(
    (name) => `
  <command><name>${name}</name><executable>${name}</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>${name}</command><location>local</location><rules_id>5763</rules_id><timeout>${seconds}</timeout></active-response>`,
  )
  writeFileSync(
    join(home, 'etc', 'ossec.conf'),
    `<ossec_config>
  <localfile><log_format>syslog</log_format><location>${home}/auth.log</location></localfile>${blocks.join('')}
</ossec_config>
`,
  )
  const first = await startOutrider(t, home)
  for (let n = 0; n < 8; n++)
    appendFileSync(
      join(home, 'auth.log'),
      `Jan 15 10:30:4${n} web sshd[1]: Failed password for mallory from 203.0.113.50 port 1 ssh2\n`,
    )
  const inForce = async () => (await first.api<{ blocks: Block[] }>('GET', 'blocks')).blocks
  await waitFor(async () => (await inForce()).filter(({ state }) => state === 'in force').length === names.length)
  assert.deepEqual((await inForce()).map(({ response, key }) => [response, key]).sort(), [
    ['fortigate', '203.0.113.50'],
    ['okta', 'mallory@example.com'],
    ['pfsense', '203.0.113.50'],
  ])
  assert.ok(did.okta!.includes('accepted: user mallory@example.com is SUSPENDED'))
  assert.ok(did.fortigate!.includes('accepted: outrider-203.0.113.50 joins outrider'))
  assert.ok(did.pfsense!.includes('accepted: table outrider: 1 entries'))

  await first.kill()
  const again = await startOutrider(t, home)
  await waitFor(async () => (await again.api<{ blocks: Block[] }>('GET', 'blocks')).blocks.length === 0)
  assert.ok(did.okta!.includes('accepted: user mallory@example.com is ACTIVE'))
  assert.ok(did.fortigate!.includes('accepted: address outrider-203.0.113.50 deleted'))
  assert.equal(did.pfsense!.at(-1), 'accepted: table outrider: 0 entries')
  const { stdout } = await runOutrider(home, ['blocks', 'history'])
  assert.equal(stdout.match(/ ended /g)?.length, names.length, stdout)
  await again.stop()
})
