/** What our look-ups ask, by the rules of those who are asked; and that what they answer is understood. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { Lookup, Subject } from '../define.ts'
import { createHttpClient } from '../delivery/http.ts'
import { askOnce } from '../lookups/ask.ts'
import { lookups } from '../lookups/index.ts'
import { fakes } from './index.ts'
import { startFake } from './server.ts'

const sha256 = '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0'
const subjects: Record<'known' | 'unknown', Subject[]> = {
  known: [
    { kind: 'ip', value: '8.8.4.4' },
    { kind: 'ip', value: '2001:4860:4860::8844' },
    { kind: 'hash', value: `${sha256}f` },
    { kind: 'hash', value: '44d88612fea8a8f36de82e1278abb02f' },
    { kind: 'domain', value: 'evil.com' },
    { kind: 'domain', value: 'www.evil.co.uk' },
    { kind: 'url', value: 'http://evil.com/a?b=c&d=é' },
  ],
  unknown: [
    { kind: 'ip', value: '8.8.4.40' },
    { kind: 'hash', value: `${sha256}0` },
  ],
}

test('every look-up that asks over HTTP has a fake', () => {
  assert.deepEqual(
    Object.keys(lookups).filter((name) => !(name in fakes) && name !== 'geoip'),
    [],
  )
})

for (const [name, load] of Object.entries(lookups)) {
  if (!fakes[name]) continue
  test(`${name}: no question breaks a rule`, { timeout: 120_000 }, async (t) => {
    const { default: lookup } = (await load()) as { default: Lookup }
    const { default: fake } = await fakes[name]!()
    const refused: string[] = []
    const tell = ({ verdict, what }: { verdict: string; what: string }) => verdict === 'refused' && refused.push(what)
    const running = await startFake(fake, { random: () => 0, now: () => 0, tell })
    const client = createHttpClient(1)
    t.after(async () => {
      await client.close()
      await running.close()
    })
    for (const given of Object.values(fake.destinations!(running.url))) {
      const options: Record<string, unknown> = z.parse(lookup.options, given)
      // A look-up that has nothing to choose asks about addresses only.
      const canAsk = (kind: string) =>
        'ask' in options ? lookup.options.safeParse({ ...given, ask: [kind] }).success : kind === 'ip'
      for (const [kind, list] of Object.entries(subjects))
        for (const subject of list.filter((one) => canAsk(one.kind))) {
          const { answer } = await askOnce(lookup, options, subject, (request) => client.send(request, 10_000, true), 0)
          assert.deepEqual(refused, [], subject.value)
          assert.equal(answer.kind, kind, `${subject.value}: ${JSON.stringify(answer)}`)
        }
    }
    assert.ok(running.counts.accepted >= 2)
  })
}
