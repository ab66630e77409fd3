import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { openQueueSocket } from './queue-socket.ts'

const perl = spawnSync('perl', ['-MSocket', '-e', '1']).status === 0
const skip = !perl && 'there is no Perl here'

function home(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-queue-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'queue', 'sockets'), { recursive: true })
  return join(folder, 'queue', 'sockets', 'queue')
}

/** A stand-in for analysisd: gives the datagrams that come, as hexadecimal texts. */
async function analysisd(t: TestContext, path: string): Promise<{ next(): Promise<string>; stop(): Promise<void> }> {
  const script = `use Socket; $| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($ARGV[0])) or die;
print "ready\\n"; while (defined recv($s, my $m, 65536, 0)) { print unpack("H*", $m), "\\n" }`
  const child = spawn('perl', ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  t.after(stop)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => Buffer.from((await lines.next()).value ?? '', 'hex').toString('latin1')
  await lines.next()
  return { next, stop }
}

test('each event is one datagram, byte for byte', { skip }, async (t) => {
  const path = home(t)
  const { next } = await analysisd(t, path)
  const socket = openQueueSocket(path)!
  t.after(() => socket.close())
  const long = `1:x:${'\xc3\xa9'.repeat(30_000)}`
  await Promise.all(['1:virustotal:{"a":1}', '1:[001] (a) any->otx:{}', long].map((message) => socket.send(message)))
  assert.deepEqual(
    [await next(), await next(), await next()],
    ['1:virustotal:{"a":1}', '1:[001] (a) any->otx:{}', long],
  )
})

test('says why an event was not taken, and goes on when it can', { skip }, async (t) => {
  const path = home(t)
  const socket = openQueueSocket(path)!
  t.after(() => socket.close())
  await assert.rejects(socket.send('1:a:b'), new RegExp(`${path}: No such file or directory`))
  const first = await analysisd(t, path)
  await socket.send('1:a:c')
  assert.equal(await first.next(), '1:a:c')
  await first.stop()
  await assert.rejects(socket.send('1:a:d'), /Connection refused/)
  rmSync(path)
  const second = await analysisd(t, path)
  await socket.send('1:a:e')
  assert.equal(await second.next(), '1:a:e')
  await assert.rejects(socket.send(`1:a:${'x'.repeat(1 << 20)}`), /Message too long/)
})

test("takes Wazuh's own Python where there is one", { skip }, async (t) => {
  const path = home(t)
  const python = join(dirname(dirname(dirname(path))), 'framework', 'python', 'bin', 'python3')
  mkdirSync(dirname(python), { recursive: true })
  // It says that it was used, and lets Perl do the work.
  writeFileSync(
    python,
    `#!/bin/sh
touch "$0.used"
exec perl -e 'use Socket; $| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); while (<STDIN>) { chomp; send($s, $_, 0, pack_sockaddr_un($ARGV[2])); print "ok\\n" }' -- "$@"
`,
  )
  chmodSync(python, 0o755)
  const { next } = await analysisd(t, path)
  const socket = openQueueSocket(path)!
  t.after(() => socket.close())
  await socket.send('1:a:b')
  assert.equal(await next(), '1:a:b')
  assert.ok(existsSync(`${python}.used`))
})

test('a program that ends is started again', { skip }, async (t) => {
  const path = home(t)
  const { next } = await analysisd(t, path)
  const socket = openQueueSocket(path)!
  await socket.send('1:a:1')
  await next()
  socket.close()
  await socket.send('1:a:2')
  assert.equal(await next(), '1:a:2')
  socket.close()
})
