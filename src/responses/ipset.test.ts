import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Command, Response } from '../define.ts'
import firewallDrop from './firewall-drop.ts'
import { responses } from './index.ts'
import { blocksAndOpens, cable, type Packets, startPackets } from './packets-kit.ts'
import { actorOf, type BenchOptions, bench, block, command, inNamespace, keepsItsPromises, tool } from './test-kit.ts'

const definition = firewallDrop as unknown as Response

describe('what firewall-drop would run without nft', () => {
  const options = definition.options.parse({})

  test('ipset in its place, and iptables in the place of that', () => {
    const [nft] = definition.add('203.0.113.5', 600, options) as [Command]
    const [ipset] = nft.missing!() as [Command]
    assert.deepEqual(ipset.argv, ['ipset', 'restore', '-exist'])
    assert.equal(ipset.stdin, 'add outrider4 203.0.113.5 timeout 600\n')
    const [iptables] = ipset.missing!() as [Command]
    assert.deepEqual(iptables.argv, ['iptables', '-w', '-S', 'outrider'])
  })

  test('a backend that is asked for is the only one', () => {
    const [ipset] = definition.add('2001:db8::5', 0, { ...options, backend: 'ipset' }) as [Command]
    assert.equal(ipset.stdin, 'add outrider6 2001:db8::5 timeout 0\n')
    assert.equal(ipset.missing, undefined)
  })

  test('many at once: no command for each; a time that ipset does not know is shortened', () => {
    const items = Array.from({ length: 1000 }, (_, n) => ({ key: `10.0.${n >> 8}.${n & 255}`, seconds: 1e7 }))
    const steps = definition.addMany!(items, { ...options, backend: 'ipset' }) as Command[]
    assert.equal(steps.length, 1)
    assert.match(steps[0]!.stdin!, /^add outrider4 10\.0\.0\.0 timeout 2147483\n/)
  })
})

const programs = ['iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore']
const probe = ['sh', '-c', `ipset create probe hash:net timeout 0 && ${cable.join(' ')}`]
if (inNamespace(fileURLToPath(import.meta.url), ['ipset', 'nsenter', ...programs], probe)) inside()

/** A PATH with these programs and no others. */
function only(t: TestContext, names: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-path-'))
  for (const name of names) symlinkSync(tool(['sh', '-c', `command -v ${name}`]).trim(), join(folder, name))
  const { PATH } = process.env
  process.env.PATH = folder
  t.after(() => {
    process.env.PATH = PATH
    rmSync(folder, { recursive: true, force: true })
  })
}

function inside(): void {
  let packets: Packets
  before(async () => {
    packets = await startPackets()
    // Not ours, and to be left alone.
    tool(['iptables', '-A', 'INPUT', '-s', '192.0.2.9', '-j', 'DROP'])
  })
  const isOpen = (from: string) => packets.isOpen(from)
  const drop = (change: BenchOptions = {}): BenchOptions => ({
    commands: [command('firewall-drop')],
    responses: [block('firewall-drop')],
    definitions: responses,
    ...change,
  })
  const entries = () => [...tool(['ipset', 'save']).matchAll(/^add \S+ (\S+)/gm)].map(([, entry]) => entry!)
  const rules = () => ['iptables', 'ip6tables'].map((program) => tool([program, '-S']))

  test('keeps its promises, in both families, and leaves the administrator’s rules alone', async (t) => {
    only(t, ['ipset', ...programs])
    const actor = actorOf(firewallDrop, {})
    const keys = ['203.0.113.5', '2001:db8:5::5', '198.51.100.0/24', '198.51.0.0/16', '2001:db8:1::/48']
    await actor.list()
    await keepsItsPromises(actor, keys, entries)
    const own = rules()[0]!
      .split('\n')
      .filter((rule) => rule !== '')
    assert.deepEqual(own, [
      ...['-P INPUT ACCEPT', '-P FORWARD ACCEPT', '-P OUTPUT ACCEPT', '-N outrider'],
      ...['-A INPUT -j outrider', '-A INPUT -s 192.0.2.9/32 -j DROP', '-A FORWARD -j outrider'],
      '-A outrider -m set --match-set outrider4 src -j DROP',
    ])
  })

  test('real connections are blocked and opened again, IPv4 and IPv6', async (t) => {
    only(t, ['ipset', ...programs])
    const bed = await bench(t, drop())
    await blocksAndOpens(packets, bed)
  })

  test('the kernel ends a block by itself when nobody is there to do it', async (t) => {
    only(t, ['ipset', ...programs])
    const bed = await bench(t, drop({ responses: [block('firewall-drop', { timeout: 1 })] }))
    await bed.alert({ srcip: '203.0.113.5' })
    assert.equal(await isOpen('203.0.113.5'), false)
    bed.time.kill()
    assert.equal(await packets.opens('203.0.113.5'), true)
  })

  test('the same again gives the kernel the new end', async (t) => {
    only(t, ['ipset', ...programs])
    const bed = await bench(t, drop())
    await bed.alert({ srcip: '203.0.113.5' })
    const [lease] = bed.responder.list()
    bed.responder.extend(lease!.id, 4000, { reason: 'r', by: 'test' })
    await bed.responder.settled()
    const [, seconds] = /203\.0\.113\.5 timeout (\d+)/.exec(tool(['ipset', 'save', 'outrider4']))!
    assert.ok(Number(seconds) > 4500 && Number(seconds) <= 4600, seconds)
    await bed.pass(5000)
  })

  test('rules that somebody flushed, or a set, are back within a minute', async (t) => {
    only(t, ['ipset', ...programs])
    const bed = await bench(t, drop())
    for (const srcip of ['203.0.113.5', '2001:db8:5::5']) await bed.alert({ srcip })
    for (const program of ['iptables', 'ip6tables']) for (const flag of ['-F', '-X']) tool([program, flag])
    assert.equal(await isOpen('203.0.113.5'), true)
    await bed.pass(60)
    assert.equal(await isOpen('203.0.113.5'), false)
    assert.equal(await isOpen('2001:db8:5::5'), false)
    for (const set of ['outrider4', 'outrider6']) tool(['ipset', 'flush', set])
    assert.equal(await isOpen('2001:db8:5::5'), true)
    tool(['ipset', 'add', 'outrider4', '203.0.113.6'])
    await bed.pass(60)
    assert.equal(await isOpen('203.0.113.5'), false)
    assert.equal(await isOpen('2001:db8:5::5'), false)
    assert.equal(await isOpen('203.0.113.6'), true, 'what nobody asked for is removed')
    await bed.pass(600)
    assert.equal(await isOpen('203.0.113.5'), true)
  })

  test('a burst is in force at once and gone at once', async (t) => {
    only(t, ['ipset', ...programs])
    const actor = actorOf(firewallDrop, {})
    const keys = Array.from({ length: 5000 }, (_, n) =>
      n % 5 === 0 ? `2001:db8:9::${(n + 1).toString(16)}` : `10.9.${n >> 8}.${n & 255}`,
    )
    assert.equal((await actor.add([...keys, '203.0.113.5'].map((key) => ({ key, seconds: 600 })))).size, 0)
    assert.equal(entries().length, 5001)
    assert.equal(await isOpen('203.0.113.5'), false)
    assert.equal((await actor.remove([...keys, '203.0.113.5'])).size, 0)
    assert.deepEqual(entries(), [])
  })

  test('what is forwarded is dropped or not, as the options say now', async (t) => {
    only(t, ['ipset', ...programs])
    await actorOf(firewallDrop, { forward: false }).list()
    assert.doesNotMatch(rules().join(''), /-A FORWARD/)
    await actorOf(firewallDrop, { forward: true }).list()
    assert.equal(
      rules()
        .join('')
        .match(/-A FORWARD -j outrider/g)!.length,
      2,
    )
  })

  test('without ipset, rules of iptables do it', async (t) => {
    for (const program of ['iptables', 'ip6tables']) for (const flag of ['-F', '-X']) tool([program, flag])
    only(t, programs)
    const bed = await bench(t, drop())
    for (const srcip of ['203.0.113.5', '2001:db8:5::5']) {
      await bed.alert({ srcip })
      assert.equal(await isOpen(srcip), false)
    }
    assert.match(rules()[0]!, /-A outrider -s 203\.0\.113\.5\/32 -j DROP/)
    await bed.pass(600)
    assert.equal(await isOpen('203.0.113.5'), true)
    assert.equal(await isOpen('2001:db8:5::5'), true)
  })

  test('without any of them it fails, and says what is missing', async (t) => {
    only(t, [])
    const failures = await actorOf(firewallDrop, {}).add([{ key: '203.0.113.5', seconds: 60 }])
    assert.match(failures.get('203.0.113.5')!.reason, /^iptables: cannot be started/)
  })
}
