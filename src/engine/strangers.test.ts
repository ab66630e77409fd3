import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSession } from './index.ts'
import { inGroup, load } from './testing/small.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('what strangers make up does not fill the memory: long names of fields and programs, values that rules look at, and alerts', () => {
  const kinds = Array.from({ length: 8 }, (_, i) => {
    const condition = `<decoded_as>json</decoded_as><field name="kind">^kind${i}$</field>`
    return `<rule id="${100_001 + i}" level="3">${condition}<description>d</description></rule>`
  })
  const { ruleset } = load(inGroup(kinds.join('')))
  const session = createSession(ruleset!, { hostname: 'vm', mode: 'live' })
  const long = (n: number) => `${n}`.padEnd(30_000, 'x')
  const send = (n: number) => {
    session.process({ log: `{"${long(n)}":"1","kind":"${long(n)}"}`, location: 'test' }, n)
    session.process({ log: `Jan 15 10:30:45 host ${long(n)}[1]: hello`, location: 'test' }, n)
    const alert = session.process({ log: `{"${long(n)}":"1","kind":"kind1"}`, location: 'test' }, n)
    assert.ok(alert.json(0).length > 60_000 && alert.text(0).length > 60_000)
  }
  const used = () => {
    // What lies outside of the heap is given back after the first time.
    collect()
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  for (let n = 0; n < 100; n++) send(n)
  const before = used()
  // 225 MB of names and values.
  for (let n = 100; n < 1_600; n++) send(n)
  const more = used() - before
  assert.ok(more < 30e6, `${more} bytes more`)
  const { rule } = session.process({ log: '{"kind":"kind7"}', location: 'test' }, 1)
  assert.equal(rule?.id, 100_008)
})
