import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSession } from './index.ts'
import { inGroup, load } from './testing/small.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('what strangers make up does not fill the memory: long names of fields and programs, and values that rules look at', () => {
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
  }
  const used = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  for (let n = 0; n < 100; n++) send(n)
  const before = used()
  // 135 MB of names and values.
  for (let n = 100; n < 1_600; n++) send(n)
  assert.ok(used() - before < 30e6, `${used() - before} bytes more`)
  const { rule } = session.process({ log: '{"kind":"kind7"}', location: 'test' }, 1)
  assert.equal(rule?.id, 100_008)
})
