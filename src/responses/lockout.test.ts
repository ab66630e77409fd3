/**
 * Somebody tries to make this machine lock its operator out: by an alert, by an alert about a network around the address, and by hand. Each guard is
 * attacked through all of the responder; nothing may reach the firewall.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { localSystem, readNetworkFacts, type SystemReader } from './network.ts'
import { lacksSshd, startSshd } from './sshd-testing.ts'
import { type BenchOptions, bench, block, command, quietSystem } from './test-kit.ts'

/** A machine as its files show it. */
const machine: SystemReader = {
  ...quietSystem,
  read: (path) =>
    ({
      '/proc/net/route':
        'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n',
      '/etc/resolv.conf': 'nameserver 192.0.2.53\n',
      '/run/systemd/sessions/3': 'UID=0\nUSER=root\nSTATE=active\nREMOTE=1\nREMOTE_HOST=198.51.100.3\n',
    })[path],
  list: (path) => (path === '/run/systemd/sessions' ? ['3'] : []),
  interfaces: () => [
    { name: 'eth0', address: '192.0.2.2' },
    { name: 'eth0', address: '2001:db8::2' },
  ],
  env: {},
}
const host = { place: { file: '', line: 1 }, name: 'web-1', agent: 'web-1', home: '/var/ossec', sudo: false }

const attacks: { guard: string; address: string; network?: string; options?: BenchOptions }[] = [
  { guard: 'loopback', address: '127.0.0.1', network: '127.0.0.0/24' },
  { guard: 'loopback', address: '::ffff:127.0.0.1' },
  { guard: 'own address', address: '192.0.2.2', network: '192.0.2.2/31' },
  { guard: 'own address', address: '2001:db8::2', network: '2001:db8::/64' },
  { guard: 'gateway', address: '192.0.2.1', network: '192.0.2.0/31' },
  { guard: 'name server', address: '192.0.2.53', network: '192.0.2.48/28' },
  { guard: 'administrator', address: '198.51.100.3', network: '198.51.100.0/28' },
  { guard: 'manager', address: '198.51.100.20', network: '198.51.100.16/28', options: { manager: ['198.51.100.20'] } },
  {
    guard: 'host',
    address: '198.51.100.40',
    network: '198.51.100.32/28',
    options: { hosts: [{ ...host, ssh: 'root@198.51.100.40' }] },
  },
  { guard: 'white list', address: '203.0.113.9', network: '203.0.113.0/24', options: { white_list: ['203.0.113.9'] } },
  {
    guard: 'white list',
    address: '203.0.113.9',
    network: '203.0.113.0/28',
    options: { white_list: ['203.0.113.0/255.255.255.0'] },
  },
  {
    guard: 'white list',
    address: '2001:db8:1::9',
    network: '2001:db8:1::/64',
    options: { white_list: ['2001:db8:1::9'] },
  },
  {
    guard: 'never',
    address: '203.0.113.9',
    network: '203.0.113.0/24',
    options: { settings: { never: ['203.0.113.8/29'] } },
  },
  { guard: 'never', address: '203.0.113.9', options: { settings: { never: ['country:DE'] }, country: () => 'DE' } },
  { guard: 'country', address: '203.0.113.9', options: { settings: { never: ['country:DE'] } } },
]

const needsRoot = process.getuid?.() === 0 ? false : 'needs root, which alone sees whose connection it is'

const refusalsOf = (error: string | undefined) => /^refused \(([^)]+)\)/.exec(error ?? '')?.[1]

describe('locking the operator out', () => {
  for (const { guard, address, network, options } of attacks)
    test(`${guard}: ${address}${network ? ` and ${network}` : ''}`, async (t) => {
      const bed = await bench(t, { system: machine, ...options })
      await bed.alert({ srcip: address })
      assert.deepEqual(
        bed.responder.refusals(9).map((refusal) => refusal.guard),
        [guard],
      )
      for (const key of [address, ...(network ? [network] : [])]) {
        const result = bed.responder.add({ response: 'file-drop', key, seconds: 60, reason: 'I insist', by: 'me' })
        assert.equal(refusalsOf(result.ok ? undefined : result.error), guard, key)
      }
      await bed.responder.settled()
      assert.deepEqual(bed.blocked(), [])
    })

  test('by a name that leads to a protected address only later', async (t) => {
    const resolve = (name: string) => Promise.resolve(name === 'vpn.example.com' ? ['203.0.113.77'] : [])
    const bed = await bench(t, { resolve, settings: { never: ['vpn.example.com'] } })
    await bed.alert({ srcip: '203.0.113.77' })
    assert.deepEqual(bed.blocked(), [])
  })

  test('by what a person has allowed until tomorrow', async (t) => {
    const bed = await bench(t)
    bed.responder.allow('203.0.113.0/28', 86_400, { reason: 'office', by: 'me' })
    await bed.alert({ srcip: '203.0.113.9' })
    assert.deepEqual(bed.blocked(), [])
    assert.equal(bed.responder.refusals(1)[0]!.guard, 'allowed')
    await bed.pass(86_401)
    await bed.alert({ srcip: '203.0.113.9' })
    assert.deepEqual(bed.blocked(), ['203.0.113.9'])
  })

  test('by a country that a person has allowed, which undoes what is in force there', async (t) => {
    const bed = await bench(t, { country: (address) => (address.startsWith('203.') ? 'DE' : undefined) })
    await bed.alert({ srcip: '203.0.113.9' })
    await bed.alert({ srcip: '198.51.100.9' })
    const allowed = bed.responder.allow('country:de', 0, { reason: 'customers', by: 'me' })
    await bed.responder.settled()
    assert.deepEqual(allowed, { ok: true, value: { undone: 1 } })
    assert.deepEqual(bed.blocked(), ['198.51.100.9'])
    await bed.alert({ srcip: '203.0.113.10' })
    assert.deepEqual(bed.blocked(), ['198.51.100.9'])
    assert.deepEqual(
      bed.responder.allowed().map(({ entry }) => entry),
      ['country:DE'],
    )
    assert.equal(bed.responder.disallow('COUNTRY:DE', { reason: 'x', by: 'me' }).ok, true)
    const wrong = bed.responder.allow('country:Germany', 0, { reason: 'x', by: 'me' })
    assert.equal(wrong.ok ? '' : wrong.error, '"country:Germany" is no country')
    const blind = await bench(t)
    const refused = blind.responder.allow('country:DE', 0, { reason: 'x', by: 'me' })
    assert.deepEqual(refused.ok ? '' : refused.hint, 'set geoip in outrider.yaml')
  })

  test('by networks that are too wide, and by thousands of addresses', async (t) => {
    const bed = await bench(t, { settings: { max_per_minute: 5 } })
    const wide = bed.responder.add({ response: 'file-drop', key: '203.0.0.0/8', seconds: 60, reason: 'x', by: 'me' })
    assert.equal(refusalsOf(wide.ok ? undefined : wide.error), 'width')
    for (let n = 1; n <= 50; n++) await bed.alert({ srcip: `203.0.113.${n}` })
    assert.equal(bed.blocked().length, 5)
  })

  test('by a script that says it acts on another address than the alert', async (t) => {
    const liar = `#!/bin/sh
read -r line; case $line in *'"delete"'*) exit;; esac
echo '{"version":1,"origin":{"name":"x","module":"active-response"},"command":"check_keys","parameters":{"keys":["192.0.2.1"]}}'
read -r line; case $line in *'"continue"'*) touch acted;; esac
`
    const scripted = { scripts: { liar }, commands: [command('liar')], responses: [block('liar')], system: machine }
    const bed = await bench(t, scripted)
    await bed.alert({ srcip: '203.0.113.9' })
    assert.deepEqual(
      bed.responder.refusals(9).map(({ guard }) => guard),
      ['gateway'],
    )
    assert.equal(existsSync(`${bed.home}/acted`), false)
  })
})

test('the address of a live session of a real sshd is known for as long as it stands', {
  skip: lacksSshd || needsRoot,
}, async (t) => {
  // Nobody but root sees whose connection it is; ours is root's, from this machine to itself.
  const sshd = await startSshd(t, {})
  const users = () => readNetworkFacts(localSystem).administrators.filter(({ address }) => address === '127.0.0.1')
  assert.deepEqual(users(), [])
  const { ssh, port, identity, known_hosts } = sshd.host
  const options = [
    '-o',
    'BatchMode=yes',
    '-o',
    `UserKnownHostsFile="${known_hosts}"`,
    '-i',
    identity!,
    '-p',
    String(port),
  ]
  const session = spawn('ssh', [...options, ssh, 'echo here; cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => session.once('exit', resolve))
  await new Promise((resolve) => session.stdout.once('data', resolve))
  assert.deepEqual(
    users().map(({ user, what }) => [user, what]),
    [['root', 'root is logged in from there by SSH']],
  )
  session.stdin.end()
  await ended
  await sshd.stop()
  assert.deepEqual(users(), [])
})
