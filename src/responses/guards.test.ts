import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createGuards, type GuardConfig } from './guards.ts'
import { type NetworkFacts, readNetworkFacts, type SystemReader } from './network.ts'
import { quietSystem } from './test-kit.ts'

const nothing: NetworkFacts = { own: [], gateways: [], name_servers: [], administrators: [] }

function guards(change: Partial<GuardConfig> = {}) {
  return createGuards({
    never: [],
    whiteListed: () => undefined,
    facts: () => nothing,
    resolve: () => Promise.resolve([]),
    now: () => 0,
    ...change,
  })
}

/** A machine as its files show it. */
function machine(files: Record<string, string>, change: Partial<SystemReader> = {}): SystemReader {
  const names = Object.keys(files)
  return {
    ...quietSystem,
    read: (path) => files[path],
    list(path) {
      const below = names.filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1))
      return [...new Set(below.map((name) => name.split('/')[0]!))]
    },
    readlink: (path) => files[path],
    ...change,
  }
}

describe('each guard keeps the operator from locking himself out', () => {
  test('loopback and addresses that are no host', () => {
    for (const address of [
      '127.0.0.1',
      '127.255.0.3',
      '::1',
      '0.0.0.0',
      '::',
      '224.0.0.1',
      'ff02::1',
      'fe80::1',
      '169.254.169.254',
      '255.255.255.255',
      '::ffff:127.0.0.1',
    ])
      assert.equal(guards().address(address)?.guard, 'loopback', address)
    assert.equal(guards().address('203.0.113.5'), undefined)
    assert.equal(guards().address('2001:db8::5'), undefined)
  })

  test('own addresses', () => {
    const interfaces = () => [
      { name: 'eth0', address: '192.0.2.2' },
      { name: 'eth0', address: '2001:db8::2' },
    ]
    const guard = guards({ facts: () => readNetworkFacts({ ...quietSystem, interfaces }) })
    assert.deepEqual(guard.address('192.0.2.2'), {
      guard: 'own address',
      reason: "192.0.2.2 is this machine's own address (eth0)",
    })
    assert.equal(guard.address('2001:DB8:0::2')?.guard, 'own address')
    assert.equal(guard.address('192.0.2.0/29')?.guard, 'own address', 'nor a network around it')
    assert.equal(guard.address('192.0.2.3'), undefined)
  })

  test('gateways', () => {
    const system = machine({
      '/proc/net/route':
        'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n' +
        'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n' +
        'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n',
      '/proc/net/ipv6_route':
        '00000000000000000000000000000000 00 00000000000000000000000000000000 00 20010db8000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n' +
        '20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n',
    })
    const guard = guards({ facts: () => readNetworkFacts(system) })
    assert.deepEqual(guard.address('192.0.2.1'), { guard: 'gateway', reason: '192.0.2.1 is the gateway of eth0' })
    assert.equal(guard.address('2001:db8::1')?.guard, 'gateway')
    assert.equal(guard.address('192.0.2.9'), undefined)
  })

  test('name servers, also those behind systemd-resolved', () => {
    const system = machine({
      '/etc/resolv.conf': '# nameserver 198.51.100.1\nnameserver 127.0.0.53\noptions edns0\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 198.51.100.53\nnameserver 2001:db8::53\n',
    })
    const guard = guards({ facts: () => readNetworkFacts(system) })
    assert.equal(guard.address('198.51.100.53')?.guard, 'name server')
    assert.equal(guard.address('2001:db8::53')?.guard, 'name server')
    assert.equal(guard.address('198.51.100.1'), undefined)
  })

  test('administrators who are logged in by SSH; not those who only try to', () => {
    // 203.0.113.7 is root, logged in; 203.0.113.8 guesses root's password; 203.0.113.9 is a plain user; 2001:db8::a is in the group sudo. From 203.0.113.10
    // somebody has come in through a web server, and has called what he started (passwd, which is root's) like a session of root's.
    const tcp = (inode: number, remote: string) =>
      `   0: 020200C0:0016 ${remote}:D431 01 00000000:00000000 02:000A8C4D 00000000     0        0 ${inode} 2 0000000000000000 20 4 30 10 -1\n`
    const heading = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
    const files: Record<string, string> = {
      '/proc/net/tcp':
        heading + tcp(1007, '077100CB') + tcp(1008, '087100CB') + tcp(1009, '097100CB') + tcp(1011, '0A7100CB'),
      '/proc/net/tcp6': heading + tcp(1010, 'B80D01200000000000000000' + '0A000000'),
      '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1000::/home/bob:/bin/bash\n',
      '/etc/group': 'root:x:0:\nsudo:x:27:alice,carol\nbob:x:1000:\n',
    }
    for (const [pid, name, inode, uid] of [
      [7, 'sshd: root@pts/0', 1007, 0],
      [8, 'sshd: root [priv]', 1008, 0],
      [9, 'sshd: bob@pts/1', 1009, 1000],
      [10, 'sshd-session: alice@notty', 1010, 1001],
      [11, 'sshd: root@pts/2', 1011, 33],
    ] as const) {
      files[`/proc/${pid}/status`] = `Name:\tx\nUid:\t${uid}\t0\t0\t0\n`
      files[`/proc/${pid}/cmdline`] = `${name}\0`
      files[`/proc/${pid}/fd/3`] = `socket:[${inode}]`
    }
    const guard = guards({ facts: () => readNetworkFacts(machine(files)) })
    assert.deepEqual(guard.address('203.0.113.7'), {
      guard: 'administrator',
      reason: '203.0.113.7: root is logged in from there by SSH',
    })
    assert.equal(guard.address('203.0.113.8'), undefined)
    assert.equal(guard.address('203.0.113.9'), undefined)
    assert.equal(guard.address('203.0.113.10'), undefined)
    assert.equal(guard.address('2001:db8::a')?.guard, 'administrator')
    assert.equal(guard.address('2001:db8::/64')?.guard, 'administrator')
    const alice = { guard: 'administrator', reason: 'alice is an administrator, and logged in right now' }
    assert.deepEqual(guard.account('alice'), alice, 'nor is her account locked under her')
    assert.equal(guard.account('bob'), undefined)
    assert.equal(guard.account('carol'), undefined, 'who is not logged in')
  })

  test('sessions that systemd-logind knows of, and the one we were started from', () => {
    const system = machine(
      {
        '/run/systemd/sessions/3': 'UID=0\nUSER=root\nSTATE=active\nREMOTE=1\nREMOTE_HOST=198.51.100.3\n',
        '/run/systemd/sessions/4': 'UID=0\nUSER=root\nSTATE=closing\nREMOTE=1\nREMOTE_HOST=198.51.100.4\n',
        '/run/systemd/sessions/3.ref': '',
      },
      { env: { SSH_CONNECTION: '198.51.100.9 50000 192.0.2.2 22' } },
    )
    const guard = guards({ facts: () => readNetworkFacts(system) })
    assert.equal(guard.address('198.51.100.3')?.guard, 'administrator')
    assert.equal(guard.address('198.51.100.4'), undefined)
    assert.equal(guard.address('198.51.100.9')?.guard, 'administrator')
  })

  test('the list "never": addresses, networks, accounts, and host names wherever they point to now', async () => {
    let addresses = ['198.51.100.10']
    const never = ['203.0.113.0/24', '2001:db8::/48', 'office.example.com', 'backup']
    const guard = guards({
      never,
      resolve: (name) =>
        name === 'office.example.com' ? Promise.resolve(addresses) : Promise.reject(new Error('ENOTFOUND')),
    })
    await guard.refresh()
    assert.equal(guard.address('203.0.113.99')?.guard, 'never')
    assert.equal(guard.address('2001:db8:0:5::1')?.guard, 'never')
    assert.match(
      guard.address('198.51.100.10')!.reason,
      /198\.51\.100\.10 is office\.example\.com, which is on the list "never"/,
    )
    assert.equal(guard.address('office.example.com')?.guard, 'never', 'by name, too')
    assert.equal(guard.account('backup')?.guard, 'never')
    assert.equal(guard.account('bob'), undefined)
    const capitals = guards({ never: ['Break-Glass@example.com'], hosts: ['break-glass@example.com'] })
    assert.equal(capitals.account('break-glass@example.com')?.guard, 'never', 'as directories spell it')
    addresses = ['198.51.100.11']
    await guard.refresh()
    assert.equal(guard.address('198.51.100.10'), undefined)
    addresses = []
    await guard.refresh()
    assert.equal(guard.address('198.51.100.11')?.guard, 'never', 'a name server that is down opens nothing')
  })

  test('the manager', async () => {
    const guard = guards({
      manager: ['198.51.100.20', 'wazuh.example.com'],
      resolve: () => Promise.resolve(['198.51.100.21']),
    })
    await guard.refresh()
    assert.deepEqual(guard.address('198.51.100.20'), { guard: 'manager', reason: '198.51.100.20 is the manager' })
    assert.equal(guard.address('198.51.100.21')?.guard, 'manager')
  })

  test('the white list of ossec.conf', () => {
    const guard = guards({ whiteListed: (address) => (address.startsWith('10.') ? '10.0.0.0/8' : undefined) })
    assert.equal(guard.address('10.1.1.1')?.guard, 'white list')
  })

  test('networks that are too wide', () => {
    assert.equal(guards().address('203.0.113.0/23')?.guard, 'width')
    assert.equal(guards().address('203.0.113.0/24'), undefined)
    assert.equal(guards().address('2001:db8::/47')?.guard, 'width')
    assert.equal(guards({ widest: { ipv4: 8, ipv6: 32 } }).address('203.0.0.0/8'), undefined)
  })

  test('countries, as the database says; without one nothing is blocked at all', () => {
    const country = (address: string) => ({ '203.0.113.0': 'DE', '203.0.113.255': 'FR', '2001:db8::7': 'DE' })[address]
    const guard = guards({ never: ['country:de'], country, allowed: () => [{ entry: 'country:FR', reason: 'office' }] })
    assert.deepEqual(guard.problems, [])
    const de = { guard: 'never', reason: '2001:db8::7 is in country:DE, which is on the list "never"' }
    assert.deepEqual(guard.address('2001:db8::7'), de)
    assert.equal(guard.address('203.0.113.0/24')?.guard, 'never', 'the first of a network')
    const fr = { guard: 'allowed', reason: '203.0.113.240/28 is in country:FR, which is allowed: office' }
    assert.deepEqual(guard.address('203.0.113.240/28'), fr, 'and its last')
    assert.equal(guard.address('203.0.113.5'), undefined)
    const blind = guards({ never: ['country:DE'] })
    assert.match(blind.problems[0]!, /^responses\.never: .*set geoip in outrider\.yaml$/)
    assert.equal(blind.address('203.0.113.5')?.guard, 'country')
    assert.equal(guards({ never: ['countryside'] }).address('203.0.113.5'), undefined)
  })

  test('hosts that responses run on, by address and by name', async () => {
    const resolve = (name: string) => Promise.resolve(name === 'web.example.com' ? ['198.51.100.31'] : [])
    const guard = guards({ hosts: ['198.51.100.30', 'web.example.com'], resolve })
    await guard.refresh()
    assert.equal(guard.address('198.51.100.30')?.guard, 'host')
    const refusal = {
      guard: 'host',
      reason: '198.51.100.31 is web.example.com, one of the hosts that responses run on',
    }
    assert.deepEqual(guard.address('198.51.100.31'), refusal)
    assert.equal(guard.account('web.example.com'), undefined, 'which is no account')
  })

  test('what a person has allowed, for as long as it was said', () => {
    let now = 0
    const entries = [
      { entry: '198.51.100.0/28', reason: 'pentest', until: 60_000 },
      { entry: 'Deploy', reason: 'robot', until: 60_000 },
    ]
    const guard = guards({ now: () => now, allowed: () => entries.filter(({ until }) => until > now) })
    const refusal = { guard: 'allowed', reason: '198.51.100.0/28 is allowed: pentest' }
    assert.deepEqual(guard.address('198.51.100.7'), refusal)
    assert.equal(guard.account('deploy')?.guard, 'allowed')
    now = 60_001
    assert.equal(guard.address('198.51.100.7'), undefined)
    assert.equal(guard.account('deploy'), undefined)
  })

  test('root', () => {
    assert.equal(guards().account('root')?.guard, 'never')
  })
})

test('the machine is read at most every two seconds', () => {
  let now = 1000
  let reads = 0
  const guard = guards({
    now: () => now,
    facts() {
      reads++
      return nothing
    },
  })
  for (let n = 0; n < 100; n++) guard.address('203.0.113.5')
  assert.equal(reads, 1)
  now += 2000
  guard.address('203.0.113.5')
  assert.equal(reads, 2)
})
