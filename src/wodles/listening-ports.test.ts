import assert from 'node:assert/strict'
import { test } from 'node:test'
import wodle from './listening-ports.ts'

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const files: Record<string, string> = {
  '/proc/net/tcp': `${head}   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
   1: 0A00000A:0016 071371CB:D431 01 00000000:00000000 02:000A 00000000     0        0 222 2 0 20 4 30 10 -1
   2: 0A00000A:0016 071371CB:D432 06 00000000:00000000 03:0000 00000000     0        0 0 3 0
`,
  '/proc/net/tcp6': `${head}   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 33 0 333 1 0
   1: 0000000000000000FFFF00000A00000A:0050 0000000000000000FFFF0000071371CB:8000 01 0:0 00:0 0 33 0 444 1 0
`,
  '/proc/net/udp': `${head} 7: 00000000:0044 00000000:0000 07 0:0 00:0 0 0 0 555 2 0 0\n`,
  '/proc/7/comm': 'sshd\n',
  '/proc/8/comm': 'we"ird\\name\n',
  '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n',
}
const links: Record<string, string> = {
  '/proc/7/fd/3': 'socket:[222]',
  '/proc/7/fd/4': '/dev/null',
  '/proc/8/fd/0': 'socket:[333]',
  '/proc/8/fd/1': 'socket:[444]',
}
const context = {
  read: (path: string) => files[path],
  list: (path: string) =>
    path === '/proc'
      ? ['7', '8', 'self', 'net']
      : Object.keys(links)
          .filter((link) => link.startsWith(`${path}/`))
          .map((link) => link.slice(path.length + 1)),
  readlink: (path: string) => links[path],
  now: Date.UTC(2026, 0, 1),
}

test('lists sockets with their state, process and user', () => {
  const events = [...wodle.run(context, {})]
  assert.deepEqual(
    events.map(({ state, process, pid, user, local_addr, remote_addr }) => [
      state,
      process,
      pid,
      user,
      local_addr,
      remote_addr,
    ]),
    [
      ['listen', undefined, undefined, 'root', '127.0.0.1:8080', '0.0.0.0:0'],
      ['established', 'sshd', 7, 'root', '10.0.0.10:22', '203.113.19.7:54321'],
      ['listen', 'we"ird\\name', 8, 'www-data', '[::]:80', '[::]:0'],
      ['established', 'we"ird\\name', 8, 'www-data', '[::ffff:10.0.0.10]:80', '[::ffff:203.113.19.7]:32768'],
      ['listen', undefined, undefined, 'root', '0.0.0.0:68', '0.0.0.0:0'],
    ],
  )
  assert.equal(JSON.parse(JSON.stringify(events[2])).socket.process_name, 'we"ird\\name')
})

test('keeps to the states that were asked for, and leaves out the names that an indexer rejects', () => {
  const events = [...wodle.run(context, { states: ['established'], guide_names: false })]
  assert.equal(events.length, 2)
  assert.deepEqual(Object.keys(events[0]!), ['timestamp', 'wodle', 'socket'])
})

test('says nothing where there is no /proc', () => {
  assert.deepEqual([...wodle.run({ ...context, read: () => undefined, list: () => [] }, {})], [])
})
