import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lines, read } from './settings-testing.ts'

const tuningOf = async (text: string) => {
  const config = await read(`responses: { enabled: true, options: { remote: { token: a } }, ${text} }\n`)
  assert.deepEqual(lines(config), [], text)
  return config.responses.tuning
}

test('limits of the responder arrive in its own units, and what is not said stays with it', async () => {
  const ask = { kind: 'ask', seconds: 600, otherwise: 'refuse' }
  for (const [text, tuning] of [
    ['never: [10.0.0.1]', undefined],
    ['over_limit: refuse', { over_limit: { kind: 'refuse' } }],
    ['over_limit: ask', { over_limit: ask }],
    [
      'over_limit: ask, approval: { within: 5m, otherwise: act }',
      { over_limit: { ...ask, seconds: 300, otherwise: 'act' } },
    ],
    ['escalation: { factor: 2.5 }', { escalation: { factor: 2.5, longest: 86_400, decay_ms: 2_592_000_000 } }],
    ['escalation: { longest: 1w, decay: 1d }', { escalation: { factor: 1, longest: 604_800, decay_ms: 86_400_000 } }],
    ['widest: { ipv4: 16 }', { widest: { ipv4: 16, ipv6: 48 } }],
    ['widest: { ipv6: 32 }', { widest: { ipv4: 24, ipv6: 32 } }],
    ['undo_on_stop: true', { undo_on_stop: true }],
    ['answer: 0.5, max_memory: 512M', { answer_ms: 500, max_memory_bytes: 536_870_912 }],
  ] as const)
    assert.deepEqual(await tuningOf(text), tuning, text)
})

test('responses that only say it, by name', async () => {
  const config = await read('responses: { enabled: true, dry_run: [drop], options: { remote: { token: a } } }\n')
  assert.deepEqual([lines(config), config.responses.enabled, config.responses.dry_run], [[], true, ['drop']])
  assert.equal((await read('responses: { enabled: true, dry_run: drop }\n')).responses.enabled, false)
  const misspelt = await read('responses: { enabled: true, dry_run: [dorp], options: { remote: { token: a } } }\n')
  assert.match(lines(misspelt)[0]!, /responses\.dry_run\[0\]: there is no response "dorp" -> did you mean "drop"\?/)
  assert.equal(misspelt.responses.enabled, false, 'the one that was meant must not act')
})

test('a wrong limit keeps responses at saying what they would do', async () => {
  for (const [text, place] of [
    ['over_limit: maybe', /responses\.over_limit: not one of refuse, ask/],
    ['over_limit: ask, approval: { within: soon }', /responses\.approval\.within/],
    ['escalation: { factor: 0.5 }', /responses\.escalation\.factor/],
    ['escalation: { faktor: 2 }', /responses\.escalation\.faktor/],
    ['widest: { ipv4: 0 }', /responses\.widest\.ipv4/],
    ['never: ["country:Germany"]', /responses\.never\[0\]: not a country such as country:DE/],
    ['undo_on_stop: perhaps', /responses\.undo_on_stop/],
    ['answer: 0', /responses\.answer/],
    ['max_memory: 64K', /responses\.max_memory: less than 1M/],
  ] as const) {
    const config = await read(`responses: { enabled: true, ${text} }\n`)
    assert.equal(config.responses.enabled, false, text)
    assert.match(lines(config)[0]!, place)
  }
})

test('an approval that nobody will be asked for is said', async () => {
  const config = await read('responses: { enabled: true, approval: { within: 5m } }\n')
  assert.match(lines(config)[0]!, /warning: responses\.approval: is not used without over_limit: ask/)
  assert.equal(config.responses.enabled, true)
})
