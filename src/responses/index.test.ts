import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import type { Response, Step } from '../define.ts'
import { responses } from './index.ts'

const folder = new URL('.', import.meta.url)

test('index and folder agree', async () => {
  const defining = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .filter((file) => /^export default defineResponse\(/m.test(readFileSync(new URL(file, folder), 'utf8')))
    .map((file) => file.slice(0, -3))
  assert.deepEqual(Object.keys(responses), defining.sort())
  for (const [name, load] of Object.entries(responses)) assert.equal((await load()).default.name, name)
})

const bare: Alert = { timestamp: '', id: '', rule: { level: 3, id: '1', description: '' } }
const target = { address: '203.0.113.5', account: 'mallory', process: '4711' }
const hostile = [
  '203.0.113.5; rm -rf /',
  '$(reboot)',
  '`id`',
  '203.0.113.5 }\nflush ruleset',
  '-rf',
  '../../etc/passwd',
  'a b',
  "x' or '1'='1",
  'x'.repeat(100_000),
  'root',
  '',
]

for (const [name, load] of Object.entries(responses)) {
  describe(name, async () => {
    const definition: Response = (await load()).default
    const options = definition.options.parse(definition.example)
    const shape = definition.options.shape as Record<string, { _zod: unknown }>

    test('has words for everything', () => {
      assert.match(definition.summary, /^[A-Z].*\.$/s)
      assert.match(definition.docs, /^https:\/\//)
      for (const [option, schema] of Object.entries(shape))
        assert.ok(metaOf(schema).description, `${name}: option "${option}" has no description`)
      for (const option of Object.keys(definition.example)) assert.ok(option in shape, `the example has "${option}"`)
    })

    test('a bare alert is nothing to act on', () => {
      assert.equal(definition.key(bare, options), undefined)
    })

    test('no text that is no target becomes a key', () => {
      for (const text of hostile) {
        const data = { srcip: text, dstuser: text, pid: text, process: { pid: text } }
        const alert = { ...bare, data }
        assert.equal(definition.key(alert, options), undefined, text.slice(0, 80))
        assert.equal(definition.parseKey(text, options), undefined, text.slice(0, 80))
      }
    })

    test('a key that a person writes is the key that an alert gives', () => {
      const text = target[definition.acts_on]
      const alert = { ...bare, data: { srcip: text, dstuser: text, pid: text } }
      assert.equal(definition.parseKey(text, options), definition.key(alert, options))
      assert.notEqual(definition.key(alert, options), undefined)
    })

    test('no secret stands where others can see it', () => {
      const secrets = Object.entries(shape)
        .filter(([, schema]) => metaOf(schema).secret)
        .map(([option]) => String((options as Record<string, unknown>)[option]))
      const key = definition.parseKey(target[definition.acts_on], options)!
      const steps: Step[] = [
        ...(definition.prepare?.(options) ?? []),
        ...definition.add(key, 600, options),
        ...(definition.delete?.(key, options) ?? []),
        ...(definition.list?.steps(options) ?? []),
      ]
      for (const step of steps)
        for (const secret of secrets) {
          if ('argv' in step) assert.ok(!step.argv.join(' ').includes(secret), 'in the arguments of a command')
          if ('url' in step) assert.ok(!step.url.includes(secret), 'in an address')
        }
    })
  })
}

function metaOf(schema: unknown): { description?: string; secret?: boolean } {
  // The description of an option with a default stands on the outside, that of an optional one may stand within.
  const own = z.globalRegistry.get(schema as never) as { description?: string; secret?: boolean } | undefined
  const inner = (schema as { _zod: { def: { innerType?: unknown } } })._zod.def.innerType
  return own ?? (inner === undefined ? {} : metaOf(inner))
}
