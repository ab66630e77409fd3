import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { WodleContext } from '../define.ts'
import wodle from './listening-ports.ts'

// Recorded on a small Debian machine; names and addresses changed.
const files: Record<string, string> = {
  '/proc/net/tcp': `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 15001 1 0000000000000000 100 0 0 10 0
   1: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 15002 1 0000000000000000 100 0 0 10 0
   2: 0A00000A:0016 077100CB:C350 01 00000000:00000000 02:000A9E3B 00000000     0        0 15003 4 0000000000000000 20 4 30 10 -1
   3: 0A00000A:B1C2 077100CB:01BB 06 00000000:00000000 03:00000B1D 00000000     0        0 0 3 0000000000000000
`,
  '/proc/net/tcp6': `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 16001 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000A00000A:0050 0000000000000000FFFF0000077100CB:EA60 01 00000000:00000000 00:00000000 00000000    33        0 16002 1 0000000000000000 20 4 0 10 -1
   2: B80D0120000000000000000001000000:0050 B80D01200000000001000000EFBEADDE:0400 01 00000000:00000000 00:00000000 00000000    33        0 16003 1 0000000000000000 20 4 0 10 -1
`,
  '/proc/net/udp': `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  77: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 17001 2 0000000000000000 0
  78: 0A00000A:9C41 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 17002 2 0000000000000000 0
`,
  '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\ntoor:x:0:0::/:/bin/sh\n',
  '/proc/700/comm': 'sshd\n',
  '/proc/700/status': 'Name:\tsshd\nUid:\t0\t0\t0\t0\n',
  '/proc/701/comm': 'sshd\n',
  '/proc/701/status': 'Name:\tsshd\nUid:\t0\t0\t0\t0\n',
  '/proc/80/comm': 'a "b\\\n',
  '/proc/80/status': 'Name:\ta\nUid:\t0\t33\t33\t33\n',
}
const links: Record<string, string> = {
  '/proc/700/fd/3': 'socket:[15001]',
  '/proc/701/fd/3': 'socket:[15001]',
  '/proc/701/fd/4': 'socket:[15003]',
  '/proc/701/fd/5': '/dev/null',
  '/proc/80/fd/10': 'socket:[16002]',
}
const context: WodleContext = {
  read: (path) => files[path],
  list: (path) =>
    path === '/proc'
      ? ['701', '700', '80', 'net', 'self']
      : Object.keys(links).flatMap((link) => (link.startsWith(`${path}/`) ? [link.slice(path.length + 1)] : [])),
  readlink: (path) => links[path],
  now: Date.UTC(2026, 0, 31, 12, 30),
}
const run = (options: Record<string, unknown> = {}, where = context) => [
  ...wodle.run(where, wodle.options.parse(options)),
]

describe('listening-ports', () => {
  test('gives the fields of the guide for an established connection, and the same below socket', () => {
    const event = run().find(({ pid }) => pid === 701)
    assert.deepEqual(event, {
      timestamp: '2026-01-31T12:30:00.000Z',
      wodle: 'system-audit',
      state: 'established',
      process: 'sshd',
      pid: 701,
      user: 'root',
      local_addr: '10.0.0.10:22',
      remote_addr: '203.0.113.7:50000',
      socket: {
        protocol: 'tcp',
        state: 'established',
        program: 'sshd',
        pid: 701,
        owner: 'root',
        local_address: '10.0.0.10',
        local_port: 22,
        remote_address: '203.0.113.7',
        remote_port: 50_000,
      },
    })
  })

  test('lists what listens and what is connected, and nothing that is closing', () => {
    assert.deepEqual(
      run().map(({ state, local_addr, remote_addr }) => [state, local_addr, remote_addr]),
      [
        ['listen', '0.0.0.0:22', undefined],
        ['listen', '127.0.0.1:3306', undefined],
        ['established', '10.0.0.10:22', '203.0.113.7:50000'],
        ['listen', '[::]:80', undefined],
        ['established', '10.0.0.10:80', '203.0.113.7:60000'],
        ['established', '[2001:db8::1]:80', '[2001:db8::1:dead:beef]:1024'],
        ['listen', '0.0.0.0:68', undefined],
      ],
    )
  })

  test('names the oldest of the processes that share a socket', () => {
    assert.equal(run().find(({ local_addr }) => local_addr === '0.0.0.0:22')!.pid, 700)
  })

  test('shows names that would break a hand-made JSON text, and the effective user', () => {
    const event = run().find(({ pid }) => pid === 80)!
    assert.equal(event.process, 'a "b\\')
    assert.equal(event.user, 'www-data')
    assert.deepEqual(JSON.parse(JSON.stringify(event)), event)
  })

  test('names the user of the socket when it may not see the process', () => {
    const event = run().find(({ local_addr }) => local_addr === '127.0.0.1:3306')!
    assert.equal(event.user, '101')
    assert.ok(!('process' in event) && !('pid' in event))
  })

  test('lists the states that are asked for', () => {
    assert.deepEqual(
      run({ states: ['unconnected'] }).map(({ local_addr }) => local_addr),
      ['10.0.0.10:40001'],
    )
    assert.ok(run({ states: ['listen'] }).every(({ state }) => state === 'listen'))
  })

  test('leaves out the field that a Wazuh indexer refuses', () => {
    const event = run({ process_field: false }).find(({ pid }) => pid === 701)!
    assert.ok(!('process' in event))
    assert.equal((event.socket as { program: string }).program, 'sshd')
  })

  test('lists nothing where there is no /proc', () => {
    const nothing: WodleContext = { read: () => undefined, list: () => [], readlink: () => undefined, now: 0 }
    assert.deepEqual(run({}, nothing), [])
  })
})
