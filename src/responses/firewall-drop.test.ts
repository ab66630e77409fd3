import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Command, Response } from '../define.ts'
import firewallDrop from './firewall-drop.ts'
import { responses } from './index.ts'
import { blocksAndOpens, cable, type Packets, startPackets } from './packets-kit.ts'
import { type BenchOptions, bench, block, command, inNamespace, tool } from './test-kit.ts'

const definition = firewallDrop as unknown as Response
const options = definition.options.parse({})

describe('what firewall-drop would run', () => {
  const scriptOf = (steps: unknown[]) => steps.map((step) => (step as Command).stdin).join('')

  test('takes the source address, and the IPv6 network around it when asked to', () => {
    const alert = (srcip: unknown) => ({
      timestamp: '',
      id: '',
      rule: { level: 3, id: '1', description: '' },
      data: { srcip },
    })
    assert.equal(definition.key(alert('::ffff:203.0.113.5'), options), '203.0.113.5')
    assert.equal(definition.key(alert('2001:DB8::5'), options), '2001:db8::5')
    assert.equal(definition.key(alert('2001:db8::5'), { ...options, ipv6_prefix: 64 }), '2001:db8::/64')
    for (const hostile of ['1.2.3.4 }; flush ruleset', '$(reboot)', '1', '0x7f.1', '', 7, ['1.2.3.4']])
      assert.equal(definition.key(alert(hostile), options), undefined)
    const windows = { data: { win: { eventdata: { ipAddress: '203.0.113.9' } } } }
    assert.equal(definition.key({ ...alert('203.0.113.5'), ...windows }, options), '203.0.113.9')
  })

  test('one transaction: a new element with the new timeout takes the place of the old', () => {
    assert.equal(
      scriptOf(definition.add('203.0.113.5', 600, options)),
      'add element inet outrider address4 { 203.0.113.5 }\n' +
        'delete element inet outrider address4 { 203.0.113.5 }\n' +
        'add element inet outrider address4 { 203.0.113.5 timeout 600s }\n',
    )
    assert.match(scriptOf(definition.add('2001:db8::/64', 0, options)), /network6 \{ 2001:db8::\/64 \}\n$/)
  })

  test('many at once: no command for each', () => {
    const items = Array.from({ length: 2500 }, (_, n) => ({ key: `10.0.${n >> 8}.${n & 255}`, seconds: 60 }))
    assert.equal(definition.addMany!(items, options).length, 3)
    assert.equal(
      definition.deleteMany!(
        items.map(({ key }) => key),
        options,
      ).length,
      3,
    )
  })
})

if (inNamespace(fileURLToPath(import.meta.url), ['nft', 'nsenter'], cable)) inside()

function inside(): void {
  let packets: Packets
  before(async () => {
    packets = await startPackets()
    // Not ours, and to be left alone.
    nft('add table inet other; add chain inet other c; add rule inet other c counter')
  })
  const isOpen = (from: string) => packets.isOpen(from)

  function nft(script: string): void {
    tool(['nft', '-f', '-'], script)
  }
  const ruleset = () => tool(['nft', 'list', 'ruleset'])

  const drop = (change: BenchOptions = {}): BenchOptions => ({
    commands: [command('firewall-drop')],
    responses: [block('firewall-drop')],
    definitions: responses,
    ...change,
  })

  test('real connections are blocked and opened again, IPv4 and IPv6', async (t) => {
    const bed = await bench(t, drop())
    await blocksAndOpens(packets, bed)
    assert.match(ruleset(), /table inet other/)
  })

  test('the kernel ends a block by itself when nobody is there to do it', async (t) => {
    const bed = await bench(t, drop({ responses: [block('firewall-drop', { timeout: 1 })] }))
    await bed.alert({ srcip: '203.0.113.5' })
    assert.match(ruleset(), /203\.0\.113\.5 timeout 1s/)
    bed.time.kill()
    assert.equal(await packets.opens('203.0.113.5'), true)
  })

  test('the same again gives the kernel the new end', async (t) => {
    const bed = await bench(t, drop())
    await bed.alert({ srcip: '203.0.113.5' })
    await bed.pass(400)
    await bed.alert({ srcip: '203.0.113.5' })
    const [lease] = bed.responder.list()
    bed.responder.extend(lease!.id, 1000, { reason: 'r', by: 'test' })
    await bed.responder.settled()
    assert.match(ruleset(), /203\.0\.113\.5 timeout 26m40s/)
    assert.equal(bed.responder.list().length, 1)
  })

  test('after a restart of the machine, or a flush, all is back within a minute, and nothing else', async (t) => {
    const bed = await bench(t, drop())
    await bed.alert({ srcip: '203.0.113.5' })
    nft('flush ruleset')
    assert.equal(await isOpen('203.0.113.5'), true)
    await bed.pass(60)
    assert.equal(await isOpen('203.0.113.5'), false)
    nft('delete table inet outrider')
    const again = await bed.restart({ boot_id: 'boot-2' })
    assert.equal(await isOpen('203.0.113.5'), false)
    nft('add element inet outrider address4 { 203.0.113.6 }')
    await again.pass(60)
    assert.equal(await isOpen('203.0.113.6'), true, 'what nobody asked for is removed')
    await again.pass(600)
    assert.equal(await isOpen('203.0.113.5'), true)
  })

  test('a burst is in force at once and gone at once', async (t) => {
    const bed = await bench(t, drop({ settings: { max_per_minute: 1e6 } }))
    const addresses = Array.from({ length: 2500 }, (_, n) =>
      n % 5 === 0 ? `2001:db8:9::${n.toString(16)}` : `10.9.${n >> 8}.${n & 255}`,
    )
    const intents = [...addresses, '203.0.113.5'].flatMap(
      (srcip) =>
        bed.responder.plan({ timestamp: '', id: '', rule: { level: 3, id: '5712', description: '' }, data: { srcip } })
          .intents,
    )
    bed.state.transaction(() => bed.responder.record(intents))
    bed.responder.kick()
    await bed.responder.settled()
    assert.equal(bed.responder.list().filter(({ state }) => state === 'in force').length, 2501)
    assert.equal(await isOpen('203.0.113.5'), false)
    await bed.pass(600)
    assert.deepEqual(bed.responder.list(), [])
    assert.doesNotMatch(ruleset(), /elements = /)
    assert.equal(await isOpen('203.0.113.5'), true)
  })

  test('what is forwarded is dropped or not, as the options say now', async (t) => {
    const withForward = (forward: boolean) =>
      drop({ settings: { options: { 'firewall-drop': { forward } } }, responses: [block('firewall-drop')] })
    const bed = await bench(t, withForward(true))
    await bed.alert({ srcip: '203.0.113.5' })
    assert.match(ruleset(), /hook forward/)
    const again = await bed.restart(withForward(false))
    assert.doesNotMatch(ruleset(), /hook forward/)
    assert.equal(await isOpen('203.0.113.5'), false)
    await again.pass(600)
  })

  test('networks; one that cannot be added does not keep the others out', async (t) => {
    const bed = await bench(t, drop({ tuning: { widest: { ipv4: 8, ipv6: 32 } } }))
    const add = (key: string) =>
      bed.responder.add({ response: 'firewall-drop', key, seconds: 600, reason: 'r', by: 'test' })
    assert.ok(add('203.0.113.0/29').ok)
    await bed.responder.settled()
    assert.equal(await isOpen('203.0.113.5'), false)
    // It overlaps the first, which an interval set does not take.
    const results = ['203.0.113.0/24', '198.51.100.0/24', '2001:db8:5::/64', '198.18.0.9'].map(add)
    assert.ok(results.every(({ ok }) => ok))
    await bed.responder.settled()
    const states = Object.fromEntries(bed.responder.list().map(({ key, state }) => [key, state]))
    assert.deepEqual(states, {
      '203.0.113.0/29': 'in force',
      '203.0.113.0/24': 'planned',
      '198.51.100.0/24': 'in force',
      '2001:db8:5::/64': 'in force',
      '198.18.0.9': 'in force',
    })
    assert.match(bed.responder.list().find(({ key }) => key === '203.0.113.0/24')!.reason!, /interval overlaps/)
    assert.equal(await isOpen('2001:db8:5::6'), false)
    await bed.pass(700)
    assert.equal(await isOpen('2001:db8:5::6'), true)
  })
}
