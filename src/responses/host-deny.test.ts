import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import hostDeny from './host-deny.ts'
import { actorOf, keepsItsPromises } from './test-kit.ts'

function fileWith(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-hosts-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'hosts.deny')
  writeFileSync(file, text, { mode: 0o604 })
  return file
}

test('keeps its lines between two marks and leaves all others alone', async (t) => {
  const own = '# by hand\nALL: 10.0.0.1\nsshd: 203.0.113.7'
  const file = fileWith(t, own)
  const actor = actorOf(hostDeny, { file })
  await actor.add([
    { key: '10.0.0.1', seconds: 60 },
    { key: '2001:db8::5', seconds: 60 },
    { key: '2001:db8:1::/48', seconds: 60 },
    { key: '198.51.100.0/24', seconds: 0 },
  ])
  assert.equal(
    readFileSync(file, 'utf8'),
    `${own}
# outrider: begin, changes in here are lost
ALL: 10.0.0.1
ALL: [2001:db8::5]
ALL: [2001:db8:1::]/48
ALL: 198.51.100.0/24
# outrider: end
`,
  )
  assert.equal(statSync(file).mode & 0o777, 0o604)
  await actor.remove(['2001:db8::5', '2001:db8:1::/48', '198.51.100.0/24', '10.0.0.1'])
  assert.equal(readFileSync(file, 'utf8'), `${own}\n`)
})

test('keeps its promises; undoing 10.0.0.1 leaves 10.0.0.10', async (t) => {
  const file = fileWith(t, '')
  const actor = actorOf(hostDeny, { file })
  await actor.add([{ key: '10.0.0.10', seconds: 60 }])
  const lines = () =>
    [...readFileSync(file, 'utf8').matchAll(/^ALL: (.*)$/gm)].map(([, address]) => address!.replace(/[[\]]/g, ''))
  await actor.add([{ key: '10.0.0.1', seconds: 60 }])
  await actor.remove(['10.0.0.1'])
  assert.deepEqual(lines(), ['10.0.0.10'])
  await actor.remove(['10.0.0.10'])
  await keepsItsPromises(actor, ['10.0.0.1', '2001:db8::1', '198.51.100.0/24'], lines)
})

test('a file that is not there is made, and a folder that is not there is said', async (t) => {
  const file = fileWith(t, '')
  rmSync(file)
  assert.equal((await actorOf(hostDeny, { file }).add([{ key: '10.0.0.1', seconds: 1 }])).size, 0)
  assert.match(readFileSync(file, 'utf8'), /ALL: 10\.0\.0\.1/)
  const nowhere = actorOf(hostDeny, { file: `${file}.d/hosts.deny` })
  const failures = await nowhere.add([{ key: '10.0.0.1', seconds: 1 }])
  assert.match(failures.get('10.0.0.1')!.reason, /hosts\.deny\.d\/hosts\.deny: ENOENT/)
})
