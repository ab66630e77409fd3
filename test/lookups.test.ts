/** Look-ups in the whole program: an alert, the question to a service, and the alert that its answer leads to. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Alert } from '../src/alert.ts'
import { type FakeServer, fakeServer } from '../src/delivery/testing/setup.ts'
import { seeded } from '../src/fakes/faults.ts'
import { makeMmdb } from '../src/lookups/mmdb-testing.ts'
import { eventually, makeHome, startOutrider } from './support/outrider.ts'

const md5 = '44d88612fea8a8f36de82e1278abb02f'
const sha1 = '3395856ce81f2b7382dee72602f798b642f14140'

const localfiles = `<localfile><log_format>json</log_format><location>in.json</location></localfile>
  <localfile><log_format>syslog</log_format><location>auth.log</location></localfile>`

const rules = `<group name="local,fim,">
  <rule id="100100" level="5">
    <decoded_as>json</decoded_as>
    <field name="syscheck.event">^added$</field>
    <description>File added: $(syscheck.path)</description>
  </rule>
</group>
`

const fim = (n: number) =>
  `${JSON.stringify({ syscheck: { event: 'added', path: `/tmp/file-${n}`, md5_after: md5, sha1_after: sha1 } })}\n`
const failedLogin = (address: string, n = 0) =>
  `Jan 15 10:30:45 web sshd[${1000 + n}]: Failed password for root from ${address} port 54321 ssh2\n`

function alertsOf(home: string): Alert[] {
  const file = join(home, 'logs/alerts/alerts.json')
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  // The last one may be half written.
  return lines.slice(0, -1).map((line) => JSON.parse(line))
}
const ofRule = (home: string, ...ids: string[]) => alertsOf(home).filter(({ rule }) => ids.includes(rule.id))

const vtReport = {
  status: 200,
  body: JSON.stringify({
    data: { id: 'x', attributes: { sha1, last_analysis_stats: { malicious: 62, undetected: 10 } } },
  }),
}
const abuseReport = { status: 200, body: '{"data":{"abuseConfidenceScore":97,"totalReports":5}}' }
const askedAddress = ({ path }: { path: string }) => new URLSearchParams(path.split('?')[1]).get('ipAddress')

test('a file and an address are looked up, and the answers are alerts that go on to other destinations', {
  timeout: 180_000,
}, async (t) => {
  const [virustotal, abuseipdb, webhook] = [await fakeServer(t), await fakeServer(t), await fakeServer(t)]
  virustotal.answer = () => vtReport
  abuseipdb.answer = () => abuseReport
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>
  ${localfiles}
  <integration>
    <name>virustotal</name>
    <api_key>\${env:VT_KEY}</api_key>
    <rule_id>100100</rule_id>
    <alert_format>json</alert_format>
    <options>{"hook_url": "${virustotal.url}"}</options>
  </integration>
</ossec_config>
`,
    'etc/rules/local_rules.xml': rules,
    'in.json': '',
    'auth.log': '',
    'outrider.yaml': `listen: { port: 0 }
destinations:
  addresses:
    type: abuseipdb
    api_key: abuse-key
    hook_url: ${abuseipdb.url}
  people:
    type: webhook
    hook_url: ${webhook.url}/
    level: 10
    lookups: [addresses, virustotal]
`,
  })
  const outrider = await startOutrider(t, home, { env: { VT_KEY: 'vt-key' } })
  appendFileSync(join(home, 'in.json'), fim(1))
  appendFileSync(join(home, 'auth.log'), failedLogin('45.148.10.7') + failedLogin('192.168.1.7'))
  await eventually(home, () => ofRule(home, '87105', '110402').length === 2)

  const [found] = ofRule(home, '87105')
  assert.deepEqual([found!.location, found!.rule.level, found!.agent!.id], ['virustotal', 12, '000'])
  const told = found!.data!.virustotal as { source: Record<string, string>; positives: string }
  assert.deepEqual(told.source, { alert_id: ofRule(home, '100100')[0]!.id, file: '/tmp/file-1', md5, sha1 })
  assert.equal(told.positives, '62')
  assert.equal(found!.full_log, undefined)
  const [known] = ofRule(home, '110402')
  assert.equal((known!.data!.abuseipdb as { source: { ip: string } }).source.ip, '45.148.10.7')

  assert.equal(virustotal.received[0]!.headers['x-apikey'], 'vt-key')
  assert.deepEqual(
    abuseipdb.received.map(askedAddress),
    ['45.148.10.7'],
    "private addresses are nobody else's business",
  )
  await eventually(home, () => webhook.received.length === 2)
  const passedOn = webhook.received.map(({ body }) => JSON.parse(body).rule.id).sort()
  assert.deepEqual(passedOn, ['110402', '87105'])
  assert.ok(
    webhook.received.every(({ body }) => !('lookups' in JSON.parse(body))),
    'nor is anybody asked about those',
  )

  // The same file again: known, so nobody is asked; and what look-ups led to was not looked up.
  appendFileSync(join(home, 'in.json'), fim(2))
  await eventually(home, () => ofRule(home, '87105').length === 2)
  assert.deepEqual([virustotal.received.length, abuseipdb.received.length], [1, 1])
  assert.equal(await outrider.stop(), 0)
  const output = JSON.stringify(outrider.log)
  assert.ok(!output.includes('vt-key') && !output.includes('abuse-key'), 'no key in the log')
})

test('a used up quota is seen, and a kill does not renew it', { timeout: 180_000 }, async (t) => {
  const abuseipdb = await fakeServer(t)
  abuseipdb.answer = () => abuseReport
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>${localfiles}</ossec_config>\n`,
    'in.json': '',
    'auth.log': '',
    'outrider.yaml': `listen: { port: 0 }
destinations:
  addresses: { type: abuseipdb, api_key: k, hook_url: '${abuseipdb.url}', per_day: 2 }
`,
  })
  const first = await startOutrider(t, home)
  appendFileSync(join(home, 'auth.log'), [1, 2, 3, 4].map((n) => failedLogin(`45.148.10.${n}`, n)).join(''))
  type Destinations = { destinations: { name: string; state: string; reason?: string; lag_bytes: number }[] }
  const status = async (outrider: typeof first) =>
    (await outrider.api<Destinations>('GET', 'destinations')).destinations[0]!
  await eventually(home, () => ofRule(home, '110402').length === 2)
  for (const outrider of [first, undefined]) {
    const running = outrider ?? (await startOutrider(t, home))
    let seen = await status(running)
    for (; !seen.reason; seen = await status(running)) await wait(20)
    assert.equal(seen.reason, 'the quota of 2 requests a day is used up until 00:00 UTC')
    assert.equal(seen.state, 'retrying')
    await running.kill()
  }
  assert.equal(abuseipdb.received.length, 2)
})

test('every look-up leads to its event although the daemon is killed and a third of the answers fail', {
  timeout: 180_000,
}, async (t) => {
  const random = seeded(20261002)
  const abuseipdb = await fakeServer(t)
  abuseipdb.answer = () => {
    const dice = random()
    return dice < 1 / 6 ? 500 : dice < 1 / 3 ? { status: 429, headers: { 'retry-after': '0' } } : abuseReport
  }
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>${localfiles}</ossec_config>\n`,
    'in.json': '',
    'auth.log': '',
    'outrider.yaml': `listen: { port: 0 }
destinations:
  addresses: { type: abuseipdb, api_key: k, hook_url: '${abuseipdb.url}', rule_id: '5760', per_day: 0, cache: '0' }
`,
  })
  const kills = 5
  const logins = 120
  for (let kill = 0, written = 0; kill < kills; kill++) {
    const outrider = await startOutrider(t, home)
    for (const end = ((kill + 1) * logins) / kills; written < end; written += 4) {
      const lines = [0, 1, 2, 3].map((n) => failedLogin(`45.148.10.${written + n}`, written + n))
      appendFileSync(join(home, 'auth.log'), lines.join(''))
      await wait(random() * 20)
    }
    await wait(random() * 100)
    await outrider.kill()
  }
  const outrider = await startOutrider(t, home)
  const asked = ofRule(home, '5760').length
  const answered = () => {
    const sources = ofRule(home, '110402').map(
      ({ data }) => (data!.abuseipdb as { source: Record<string, string> }).source,
    )
    return new Set(sources.map(({ ip }) => ip))
  }
  await eventually(home, () => answered().size === logins)
  t.diagnostic(`${logins} looked up; ${asked} alerts, ${ofRule(home, '110402').length} events over ${kills} kills`)
  assert.equal(await outrider.stop(), 0)
})

// -------------------------------------------------------------------------------------------------------- beside a real Wazuh

const fileAlert = (agent: unknown) => ({
  timestamp: '2024-01-15T10:30:45.123+0000',
  rule: { level: 5, description: 'File added to the system.', id: '554', groups: ['syscheck'] },
  agent,
  id: '1705314645.98',
  syscheck: { path: '/tmp/x', event: 'added', md5_after: md5, sha1_after: sha1 },
  location: 'syscheck',
})

/** A home that follows the alerts of a Wazuh in the folder `wazuh`. */
function beside(t: TestContext, { url }: FakeServer): string {
  return makeHome(t, {
    'wazuh/logs/alerts/alerts.json': '',
    'outrider.yaml': `listen: { port: 0 }
engine: beside
alerts: wazuh/logs/alerts/alerts.json
destinations:
  files: { type: virustotal, api_key: k, hook_url: '${url}' }
`,
  })
}

const perl = spawnSync('perl', ['-MSocket', '-e', '1']).status === 0

test('beside a real Wazuh the events go to its queue socket, in the name of the agent', {
  timeout: 180_000,
  skip: !perl && 'there is no Perl here',
}, async (t) => {
  const virustotal = await fakeServer(t)
  virustotal.answer = () => vtReport
  const home = beside(t, virustotal)
  mkdirSync(join(home, 'wazuh/queue/sockets'), { recursive: true })
  const analysisd = spawn(
    'perl',
    [
      ...['-MSocket', '-e'],
      '$| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); bind($s, pack_sockaddr_un($ARGV[0])) or die; print "ready\\n"; while (defined recv($s, my $m, 65536, 0)) { print "$m\\n" }',
      join(home, 'wazuh/queue/sockets/queue'),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  t.after(async () => {
    analysisd.kill('SIGKILL')
    await once(analysisd, 'exit')
  })
  const messages = createInterface({ input: analysisd.stdout })[Symbol.asyncIterator]()
  await messages.next()
  const outrider = await startOutrider(t, home)
  const write = (agent: unknown) =>
    appendFileSync(join(home, 'wazuh/logs/alerts/alerts.json'), `${JSON.stringify(fileAlert(agent))}\n`)
  const event = `{"virustotal":{"found":1,"malicious":1,"source":{"alert_id":"1705314645.98","file":"/tmp/x","md5":"${md5}","sha1":"${sha1}"},"sha1":"${sha1}","positives":62,"total":72,"permalink":"https://www.virustotal.com/gui/file/x"},"integration":"virustotal"}`
  write({ id: '001', name: 'web-01', ip: 'fd00::7' })
  assert.equal((await messages.next()).value, `1:[001] (web-01) fd00|:|:7->virustotal:${event}`)
  write({ id: '000', name: 'siem' })
  assert.equal((await messages.next()).value, `1:virustotal:${event}`)
  assert.equal(await outrider.stop(), 0)
})

test('beside a Wazuh that is not on this machine the events are a file for a <localfile>', {
  timeout: 180_000,
}, async (t) => {
  const virustotal = await fakeServer(t)
  virustotal.answer = () => vtReport
  const home = beside(t, virustotal)
  const outrider = await startOutrider(t, home)
  const file = join(home, 'queue/events/lookups.json')
  await outrider.logged(({ message }) => message.includes(file))
  const alert = fileAlert({ id: '001', name: 'web-01' })
  // The second is what that localfile leads to.
  const lines = [alert, { ...alert, location: file }].map((one) => `${JSON.stringify(one)}\n`)
  appendFileSync(join(home, 'wazuh/logs/alerts/alerts.json'), lines.join(''))
  await eventually(home, () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'))
  type Destinations = { destinations: { delivered: number }[] }
  while ((await outrider.api<Destinations>('GET', 'destinations')).destinations[0]!.delivered < 2) await wait(20)
  const events = readFileSync(file, 'utf8').trim().split('\n')
  assert.deepEqual(
    events.map((line) => JSON.parse(line).integration),
    ['virustotal'],
  )
  assert.equal(await outrider.stop(), 0)
})

// ---------------------------------------------------------------------------------------------------------------------- GeoIP

const geoRules = `<group name="local,">
  <rule id="100200" level="10">
    <if_sid>5760</if_sid>
    <srcgeoip>^FR</srcgeoip>
    <description>wrong password, from France</description>
  </rule>
</group>
`

test('rules see the country of an address; a database that cannot be read is told and stops nothing', {
  timeout: 180_000,
}, async (t) => {
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>${localfiles}</ossec_config>\n`,
    'etc/rules/local_rules.xml': geoRules,
    'in.json': '',
    'auth.log': '',
    'outrider.yaml': 'listen: { port: 0 }\ngeoip: geo.mmdb\n',
    'geo.mmdb': 'not a database',
  })
  const first = await startOutrider(t, home)
  const told = await first.logged(({ message }) => message.includes('geoip'))
  assert.match(told.message, /geo\.mmdb is no GeoIP database/)
  appendFileSync(join(home, 'auth.log'), failedLogin('45.148.10.1'))
  await eventually(home, () => ofRule(home, '5760').length === 1)

  writeFileSync(join(home, 'geo.mmdb'), makeMmdb({ '45.148.0.0/16': { country: { iso_code: 'FR' } } }))
  first.process.kill('SIGHUP')
  await first.logged(({ message }) => message.startsWith('ruleset loaded again'))
  appendFileSync(join(home, 'auth.log'), failedLogin('45.148.10.1', 2) + failedLogin('9.9.9.9', 3))
  await eventually(home, () => ofRule(home, '100200').length === 1 && ofRule(home, '5760').length === 2)
  assert.equal(await first.stop(), 0)
})
