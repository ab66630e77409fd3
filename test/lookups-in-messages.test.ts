/** What look-ups say, in the messages of other destinations: the whole program, with services that are played by our fakes. */
import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Alert } from '../src/alert.ts'
import { type FakeServer, fakeServer } from '../src/delivery/testing/setup.ts'
import { seeded } from '../src/fakes/faults.ts'
import { fakes } from '../src/fakes/index.ts'
import { type FakeSettings, type RunningFake, startFake } from '../src/fakes/server.ts'
import { makeMmdb } from '../src/lookups/mmdb-testing.ts'
import { eventually, makeHome, runOutrider, startOutrider } from './support/outrider.ts'

async function fake(t: TestContext, name: string, settings: Partial<FakeSettings> = {}): Promise<RunningFake> {
  const running = await startFake((await fakes[name]!()).default, {
    random: seeded(20261121),
    now: Date.now,
    ...settings,
  })
  t.after(() => running.close())
  return running
}

const alert = (n: number, more: Partial<Alert> = {}): Alert => ({
  timestamp: '2026-01-15T10:30:45.123+0000',
  rule: { level: 5, description: 'sshd: authentication failed.', id: '5760', groups: ['syslog', 'sshd'] },
  agent: { id: '001', name: 'web-01' },
  id: `1705314645.${n}`,
  full_log: 'Failed password for rööt',
  data: { srcip: `45.148.10.${n}` },
  location: '/var/log/auth.log',
  ...more,
})

/** A home that follows the alerts of a Wazuh elsewhere. */
const beside = (t: TestContext, settings: string) =>
  makeHome(t, {
    'wazuh/alerts.json': '',
    'outrider.yaml': `listen: { port: 0 }\nengine: beside\nalerts: wazuh/alerts.json\n${settings}`,
  })
const write = (home: string, ...alerts: Alert[]) =>
  appendFileSync(join(home, 'wazuh/alerts.json'), alerts.map((one) => `${JSON.stringify(one)}\n`).join(''))
const bodies = ({ received }: FakeServer): Alert[] => received.map(({ body }) => JSON.parse(body))
// biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of what its own service says.
const lookupsOf = (one: Alert): any => one.lookups
const arrived = (home: string, server: FakeServer, count: number) =>
  eventually(home, () => server.received.length >= count)

test('three destinations and its own queue have one question asked, and all tell the answer', {
  timeout: 60_000,
}, async (t) => {
  const abuseipdb = await fake(t, 'abuseipdb')
  const [webhook, slack, search] = [await fakeServer(t), await fakeServer(t), await fakeServer(t)]
  slack.answer = () => ({ status: 200, body: 'ok' })
  search.answer = ({ body }) => ({
    status: 200,
    body: JSON.stringify({ items: body.match(/"create"/g)!.map(() => ({ create: { status: 201 } })) }),
  })
  const home = beside(
    t,
    `geoip: geo.mmdb
destinations:
  soc: { type: slack, hook_url: '${slack.url}', lookups: [strangers, geoip] }
  raw: { type: webhook, hook_url: '${webhook.url}', lookups: [strangers], title: x }
  archive: { type: elasticsearch, hook_url: '${search.url}', lookups: [geoip, strangers] }
  strangers: { type: abuseipdb, api_key: k, hook_url: '${abuseipdb.url}' }
`,
  )
  const city = { country: { iso_code: 'NL', names: { en: 'Netherlands' } }, city: { names: { en: 'Amsterdam' } } }
  writeFileSync(join(home, 'geo.mmdb'), makeMmdb({ '45.148.0.0/16': city }))
  const outrider = await startOutrider(t, home)
  write(home, alert(1))
  for (const server of [webhook, slack, search]) await arrived(home, server, 1)
  assert.equal(abuseipdb.counts.requests, 1)

  const line = JSON.stringify(alert(1))
  const { lookups } = JSON.parse(webhook.received[0]!.body)
  const { permalink, source, ...said } = lookups.abuseipdb
  assert.deepEqual(
    [said.found, said.abuse_confidence_score, said.total_reports, said.isp, source.ip],
    [1, 97, 42, 'Fake Hosting', '45.148.10.1'],
  )
  assert.equal(webhook.received[0]!.body, `${line.slice(0, -1)},"lookups":${JSON.stringify(lookups)}}`)
  const { fields } = JSON.parse(slack.received[0]!.body).attachments[0]
  const told = Object.fromEntries(fields.map(({ title, value }: Record<string, string>) => [title, value]))
  assert.equal(told.AbuseIPDB, 'confidence of abuse 97 %, 42 reports, NL, Fake Hosting')
  assert.equal(told.GeoIP, 'Amsterdam, NL')
  const [action, document] = search.received[0]!.body.split('\n').map((part) => part && JSON.parse(part))
  assert.deepEqual(Object.keys(document.lookups), ['geoip', 'abuseipdb'])
  assert.deepEqual(document.lookups.abuseipdb, lookups.abuseipdb)

  // Many at once, in few requests; an alert with nothing to ask about goes as it is.
  write(
    home,
    ...Array.from({ length: 50 }, (_, n) => alert(1, { id: `2.${n}` })),
    alert(0, { data: { srcip: '10.0.0.1' } }),
  )
  await arrived(home, webhook, 52)
  await eventually(
    home,
    () =>
      (
        search.received
          .map(({ body }) => body)
          .join('')
          .match(/"create"/g) ?? []
      ).length >= 52,
  )
  assert.equal(abuseipdb.counts.requests, 1)
  const documents = search.received
    .flatMap(({ body }) => body.trim().split('\n'))
    .map((part) => JSON.parse(part))
    .filter((part) => !part.create)
  assert.equal(documents.filter((one) => one.lookups?.abuseipdb?.found === 1).length, 51)
  assert.deepEqual(documents.filter((one) => !one.lookups).length, 1)
  assert.match(action.create._id, /^[0-9a-f]{32}$/)
  assert.equal(await outrider.stop(), 0)
})

test('a service that hangs costs the wait, and a used up quota costs nothing; the alert arrives', {
  timeout: 60_000,
}, async (t) => {
  const abuseipdb = await fake(t, 'abuseipdb')
  const virustotal = await fake(t, 'virustotal', { faults: { hang: 1 } })
  const webhook = await fakeServer(t)
  const home = beside(
    t,
    `destinations:
  quick: { type: webhook, hook_url: '${webhook.url}', lookups: [strangers], where: 'rule.level == 5' }
  slow: { type: webhook, hook_url: '${webhook.url}', lookups: [files], lookup_wait: 2s, where: 'rule.level == 6' }
  strangers: { type: abuseipdb, api_key: k, hook_url: '${abuseipdb.url}', per_day: 1 }
  files: { type: virustotal, api_key: k, hook_url: '${virustotal.url}', ask: [ip] }
`,
  )
  const outrider = await startOutrider(t, home)
  for (const n of [1, 2]) {
    const began = performance.now()
    write(home, alert(n))
    await arrived(home, webhook, n)
    assert.ok(performance.now() - began < 4500, 'before the wait is over')
  }
  const [first, second] = bodies(webhook)
  assert.equal(lookupsOf(first!).abuseipdb.found, 1)
  assert.deepEqual(lookupsOf(second!), {
    abuseipdb: { error: 'the quota of 1 requests a day is used up until 00:00 UTC' },
  })

  const began = performance.now()
  write(home, alert(3, { rule: { ...alert(3).rule, level: 6 } }))
  await arrived(home, webhook, 3)
  const took = performance.now() - began
  assert.ok(took >= 1900 && took < 10_000, `${Math.round(took)} ms`)
  assert.deepEqual(lookupsOf(bodies(webhook)[2]!), { virustotal: { error: 'no answer within 2 s' } })
  assert.equal(await outrider.stop(), 0, 'what hangs does not keep it from ending')
})

test('a kill while services are asked loses no alert', { timeout: 120_000 }, async (t) => {
  const random = seeded(20261122)
  const abuseipdb = await fake(t, 'abuseipdb', { latency_ms: 60, faults: { failed: 0.2, reset: 0.1 } })
  const webhook = await fakeServer(t)
  const home = beside(
    t,
    `destinations:
  soc: { type: webhook, hook_url: '${webhook.url}', lookups: [strangers], lookup_wait: 1s }
  strangers: { type: abuseipdb, api_key: k, hook_url: '${abuseipdb.url}', per_day: 0, cache: '0', cache_unknown: '0' }
`,
  )
  const kills = 4
  let n = 0
  for (let kill = 0; kill < kills; kill++) {
    const outrider = await startOutrider(t, home)
    for (let end = n + 25; n < end; n++) {
      write(home, alert(n))
      await wait(random() * 10)
    }
    await wait(random() * 150)
    await outrider.kill()
  }
  const outrider = await startOutrider(t, home)
  await eventually(home, () => new Set(bodies(webhook).map(({ id }) => id)).size === n, 60_000)
  const kinds = bodies(webhook).map((one) => {
    const { found, error } = lookupsOf(one).abuseipdb
    return found === undefined ? error : 'answered'
  })
  assert.ok(kinds.every((kind) => typeof kind === 'string'))
  assert.ok(kinds.includes('answered'))
  t.diagnostic(`${n} alerts, ${kinds.length} messages, ${kinds.filter((kind) => kind === 'answered').length} answered`)
  assert.equal(await outrider.stop(), 0)
})

test('what would be asked is shown; with --send it is asked, and what is said goes along', {
  timeout: 60_000,
}, async (t) => {
  const abuseipdb = await fake(t, 'abuseipdb')
  const webhook = await fakeServer(t)
  const home = beside(
    t,
    `destinations:
  soc: { type: webhook, hook_url: '${webhook.url}', lookups: [strangers], body: x }
  strangers: { type: abuseipdb, api_key: abuse-key, hook_url: '${abuseipdb.url}' }
`,
  )
  const args = ['try', 'destination', 'soc', '--alert', '-']
  const input = `${JSON.stringify(alert(1))}\n`
  const shown = await runOutrider(home, args, { input })
  assert.equal(shown.code, 0, shown.stderr)
  assert.match(
    shown.stdout,
    /look-ups first\nstrangers:\nGET .*ipAddress=45\.148\.10\.1.*\nkey: \*\*\*\n[\s\S]*\nPOST /,
  )
  assert.deepEqual([abuseipdb.counts.requests, webhook.received.length], [0, 0])
  const sent = await runOutrider(home, [...args, '--send'], { input })
  assert.equal(sent.code, 0, sent.stderr)
  assert.match(sent.stdout, /"lookups":\{"abuseipdb":\{"found":1,/)
  assert.equal(lookupsOf(bodies(webhook)[0]!).abuseipdb.abuse_confidence_score, 97)
  assert.doesNotMatch(shown.stdout + sent.stdout + sent.stderr, /abuse-key/)
})
