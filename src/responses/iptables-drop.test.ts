import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import iptablesDrop from './iptables-drop.ts'
import { actorOf, inNamespace, keepsItsPromises, tool } from './test-kit.ts'

if (inNamespace(fileURLToPath(import.meta.url), ['iptables', 'ip6tables', 'iptables-restore'])) {
  before(() => {
    tool(['ip', 'link', 'set', 'lo', 'up'])
    tool(['iptables', '-A', 'INPUT', '-s', '192.0.2.9', '-j', 'DROP'])
  })
  const programs = ['iptables', 'ip6tables']
  const all = () => programs.flatMap((program) => tool([program, '-S']).split('\n').filter(Boolean))
  const sources = () => all().flatMap((rule) => / -s (\S+) -j DROP$/.exec(rule)?.[1]?.replace(/\/(32|128)$/, '') ?? [])

  test('keeps its promises, and leaves the administrator’s rules alone', async () => {
    const before = all()
    const actor = actorOf(iptablesDrop, {})
    await keepsItsPromises(actor, ['203.0.113.5', '2001:db8::5', '198.51.100.0/24', '2001:db8:1::/48'], sources)
    const own = all().filter((rule) => !before.includes(rule))
    assert.deepEqual(own.sort(), [
      ...['-A FORWARD -j OUTRIDER', '-A FORWARD -j OUTRIDER', '-A INPUT -j OUTRIDER', '-A INPUT -j OUTRIDER'],
      ...['-N OUTRIDER', '-N OUTRIDER'],
    ])
  })

  test('comes first, is prepared once, and again when somebody has flushed everything', async () => {
    const actor = actorOf(iptablesDrop, {})
    await actor.add([{ key: '203.0.113.5', seconds: 60 }])
    assert.equal(
      all().find((rule) => rule.startsWith('-A INPUT')),
      '-A INPUT -j OUTRIDER',
    )
    for (const program of programs) for (const flag of ['-F', '-X']) tool([program, flag])
    assert.equal((await actor.add([{ key: '203.0.113.6', seconds: 60 }])).size, 0)
    assert.deepEqual(sources(), ['203.0.113.6'])
    await actor.remove(['203.0.113.6'])
  })

  test('a thousand at once take a few processes', async () => {
    const actor = actorOf(iptablesDrop, {})
    const keys = Array.from({ length: 1000 }, (_, n) => `10.1.${n >> 8}.${n & 255}`)
    assert.equal((await actor.add(keys.map((key) => ({ key, seconds: 60 })))).size, 0)
    assert.equal(sources().length, 1000)
    assert.equal((await actor.remove(keys)).size, 0)
    assert.equal(sources().length, 0)
  })
}
