/** A running Outrider and every destination there is a fake of, all at once: each gets every alert, and none of what it gets breaks a rule of its vendor. */
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { stringify } from 'yaml'
import type { DestinationStatus } from '../src/delivery/types.ts'
import type { Fake } from '../src/fakes/define.ts'
import { type Faults, seeded } from '../src/fakes/faults.ts'
import { fakes } from '../src/fakes/index.ts'
import { type Note, type RunningFake, startFake } from '../src/fakes/server.ts'
import { integrations } from '../src/integrations/index.ts'
import { makeHome, startOutrider, waitFor } from './support/outrider.ts'

/** Destinations that need no fake, and where they are tested. */
const elsewhere = {
  file: 'a file of this machine: delivery/transports.test.ts',
  mqtt: 'a real mosquitto: brokers.test.ts',
  nats: 'a real server: brokers.test.ts',
  'redis-streams': 'a real server: brokers.test.ts',
}

/** How those show that they have more than messages: the second one of an incident, and its end, belong to what the first one made. */
const follows: Record<string, RegExp[]> = {
  glpi: [/^follow-up/, /^solution/],
  'google-chat': [/in the thread of/],
  jira: [/^comment on /],
  matrix: [/in the thread of/],
  opsgenie: [/^alert again/, /^closed/],
  pagerduty: [/^alert again/, /^resolve/],
  servicenow: [/^note on/],
  slack: [/in the thread of/],
  telegram: [/an answer to/],
  zammad: [/ ticket \d+$/],
}

/** What a server does wrong now and then. */
function faultsOf(name: string): Faults {
  // It has no answers, so what is lost there nobody knows of.
  if (name === 'syslog') return {}
  // Its "is indexed" is said once: whoever has not heard it waits for five minutes.
  return { busy: 0.15, failed: 0.1, ...(name !== 'splunk-hec' && { reset: 0.05 }) }
}

interface Target {
  name: string
  takesMany: boolean
  fake: Fake
  running: RunningFake
  notes: Note[]
}

async function startAll(): Promise<Target[]> {
  const all: Target[] = []
  for (const [name, load] of Object.entries(fakes)) {
    const { default: fake } = await load()
    if (!fake.destinations || !(name in integrations)) continue
    const notes: Note[] = []
    const running = await startFake(fake, {
      // Every second one is in a bad way.
      faults: all.length % 2 === 0 ? faultsOf(name) : {},
      retry_after: 0,
      random: seeded(all.length),
      now: Date.now,
      tell: (note) => notes.push(note),
    })
    const { default: integration } = await integrations[name]!()
    all.push({ name, takesMany: integration.batch !== undefined, fake, running, notes })
  }
  return all
}

const timestamp = () => new Date().toISOString().replace('Z', '+0000')
const sshd = (id: string, more: object = {}) => ({
  timestamp: timestamp(),
  rule: { level: 10, description: 'sshd: brute force', id: '5763', groups: ['sshd'], mitre: { id: ['T1110'] } },
  agent: { id: '001', name: 'web-01', ip: '10.0.0.7' },
  id,
  full_log: 'Failed password for root from 203.0.113.9 port 54321 ssh2',
  data: { srcip: '203.0.113.9', dstuser: 'root' },
  location: '/var/log/auth.log',
  ...more,
})

const ugly = `<!channel> @everyone </script> "'\`\u0000\u001b[31m\r\nBcc: x\ud83d 😀 |a| \\ = {noformat} & <b> ${'&"ы\\'.repeat(5000)}`
const hostile = sshd(ugly, {
  rule: { level: 15, description: ugly, id: ugly, groups: [ugly.slice(0, 99)], mitre: { id: [7, ugly] } },
  agent: { id: '666', name: ugly, ip: ugly },
  full_log: ugly,
  data: { srcip: ugly, dstuser: ['a'], url: ugly },
  location: ugly,
  syscheck: { path: ugly },
})

test('every integration has a fake', () => {
  const without = Object.keys(integrations).filter((name) => !(name in fakes) && !(name in elsewhere))
  assert.deepEqual(without, [])
})

test('every destination gets every alert in a form that its vendor takes, also from one that is in a bad way', {
  timeout: 180_000,
}, async (t) => {
  const targets = await startAll()
  t.after(() => Promise.all(targets.map(({ running }) => running.close())))
  const destinations: Record<string, Record<string, unknown>> = {}
  for (const { name, fake, running, takesMany } of targets)
    for (const [key, options] of Object.entries(fake.destinations!(running.url))) {
      const one = { type: name, ...options, rate: 1000 }
      destinations[key] = { ...one, group_by: ['agent.id'], repeat: '1s', resolve_on: 'rule.id == "503"' }
      // What is not grouped goes many at a time.
      if (takesMany) destinations[`${key}-many`] = one
    }
  const home = makeHome(t, {
    'alerts.json': '',
    'outrider.yaml': stringify({ listen: { port: 0 }, engine: 'beside', alerts: 'alerts.json', destinations }),
  })
  const outrider = await startOutrider(t, home)
  const names = Object.keys(destinations)
  const append = (...alerts: object[]) =>
    appendFileSync(join(home, 'alerts.json'), alerts.map((alert) => `${JSON.stringify(alert)}\n`).join(''))
  // While this process is busy with its fakes, the other side may close a connection that is about to be used again.
  const status = () =>
    outrider.api<{ destinations: DestinationStatus[] }>('GET', 'destinations').catch((error: unknown) => {
      if (outrider.process.exitCode !== null) throw error
      return undefined
    })
  const settled = (count: number) =>
    waitFor(async () => {
      const answer = await status()
      if (!answer) return false
      const open = answer.destinations.filter((one) => one.delivered < count || one.waiting + one.lag_bytes > 0)
      const stuck = open.find((one) => one.state === 'paused' || one.rejected > 0)
      if (stuck) throw new Error(`${stuck.name}: ${stuck.reason}`)
      return open.length === 0 && answer.destinations.length === names.length
    })

  append({ rule: {} }, hostile, sshd('1'), sshd('2'), sshd('3'))
  // Those two, the first of the incident, and what else happened in it.
  await settled(4)
  append(sshd('4', { rule: { level: 3, description: 'Agent started', id: '503', groups: ['ossec'] } }))
  await settled(4)

  for (const { name, takesMany, fake, running, notes } of targets) {
    const refused = notes.filter(({ verdict }) => verdict === 'refused')
    assert.deepEqual(refused, [], name)
    // Not five for each: a request may hold several alerts.
    const ways = Object.keys(fake.destinations!(running.url)).length
    assert.ok(running.counts.accepted >= 2 * ways, `${name}: ${JSON.stringify(running.counts)}`)
    if (takesMany)
      assert.ok(
        notes.some(({ what }) => /\b[2-9] (documents|events|lines)\b/.test(what)),
        `${name}: many in one`,
      )
    for (const sign of follows[name] ?? [])
      assert.ok(
        notes.some(({ verdict, what }) => verdict === 'accepted' && sign.test(what)),
        `${name}: ${sign}`,
      )
  }
  assert.ok(targets.reduce((sum, { running }) => sum + running.counts.faults, 0) > 10, 'faults were injected')
  assert.equal(await outrider.stop(), 0)
})
