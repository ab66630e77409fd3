/** What every response that speaks to a service owes: a fake, whose rules it keeps, and no secret in what it says of trouble. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { HttpFake } from '../fakes/define.ts'
import type { Faults } from '../fakes/faults.ts'
import { fakes } from '../fakes/index.ts'
import { startFake } from '../fakes/server.ts'
import { createStepHttp } from '../runners/step-http.ts'
import { collectSecrets } from '../settings-check.ts'
import { responses } from './index.ts'
import { actorOf } from './test-kit.ts'

const targets = {
  address: ['203.0.113.5', '2001:db8::5', '198.51.100.0/24'],
  account: ['mallory@example.com', 'bob@example.com'],
  process: [],
}

for (const [name, load] of Object.entries(responses)) {
  const { default: definition } = await load()
  const example = definition.options.parse(definition.example)
  const [key] = targets[definition.acts_on].flatMap((text) => definition.parseKey(text, example) ?? [])
  if (key === undefined || !definition.add(key, 60, example).some((step) => 'url' in step)) continue

  describe(name, async () => {
    assert.ok(fakes[name], `${name} has no fake`)
    const fake = (await fakes[name]()).default as HttpFake

    async function start(t: TestContext, faults?: Faults) {
      const running = await startFake(fake, { ...(faults && { faults }), random: () => 0, now: Date.now })
      t.after(running.close)
      const { http, close } = createStepHttp()
      t.after(close)
      const given = fake.response!(running.url)
      const actor = actorOf(definition, given, http)
      const keys = targets[definition.acts_on].flatMap((text) => definition.parseKey(text, actor.options) ?? [])
      return { actor, given, keys, counts: running.counts }
    }

    test('keeps the rules of its fake, and what is done is seen there', async (t) => {
      const { actor, keys, counts } = await start(t)
      assert.ok(keys.length > 0)
      const items = keys.map((one) => ({ key: one, seconds: 600 }))
      for (let times = 0; times < 2; times++) assert.deepEqual(await actor.add(items), new Map())
      assert.deepEqual(((await actor.list()) as { keys: string[] }).keys.sort(), [...keys].sort())
      for (let times = 0; times < 2; times++) assert.deepEqual(await actor.remove(keys), new Map())
      assert.deepEqual(await actor.list(), { keys: [] })
      assert.ok(counts.accepted > 0)
    })

    for (const fault of ['busy', 'failed', 'reset'] as const)
      test(`says what is wrong when the service is ${fault}, asks a few times at most, and shows no secret`, async (t) => {
        const { actor, given, keys, counts } = await start(t, { [fault]: 1 } as unknown as Faults)
        const secrets = new Set<string>()
        collectSecrets(definition.options, given, secrets)
        const failures = await actor.add(keys.map((one) => ({ key: one, seconds: 600 })))
        assert.equal(failures.size, keys.length)
        for (const { reason } of failures.values()) {
          assert.ok(reason.length > 10, reason)
          for (const secret of secrets) assert.ok(!reason.includes(secret), 'a secret')
        }
        assert.ok(counts.requests <= 10 * keys.length, `${counts.requests} requests`)
      })
  })
}
