/** Every integration as a script of a Wazuh, run for a hostile alert: none of what it sends breaks a rule of its vendor. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildScript } from '../src/build/build.ts'
import { seeded } from '../src/fakes/faults.ts'
import { fakes } from '../src/fakes/index.ts'
import { type Note, startFake } from '../src/fakes/server.ts'
import { integrations } from '../src/integrations/index.ts'
import { makeHome } from './support/outrider.ts'
import { integratord } from './support/stand-ins.ts'

// As a stranger could have it logged; written as JSON by hand, for `\ud83d` is half of a character.
const ugly = String.raw`<!channel> \ud83d \u001b[31m\r\n😀 |a| \\ = {noformat} & <b> ${String.raw`&\"ы\\`.repeat(5000)}`
const alert = `{"timestamp":"${new Date().toISOString().replace('Z', '+0000')}","id":"1795211238.400","rule":{"level":12,"id":"5712","description":"${ugly}","groups":["sshd"]},
"agent":{"id":"001","name":"${ugly}"},"full_log":"${ugly}","data":{"srcip":"203.0.113.9","..":1},"location":"${ugly}"}`

test('as a script, every integration sends what its vendor takes', { timeout: 180_000 }, async (t) => {
  const home = makeHome(t)
  const folder = join(home, 'integrations')
  mkdirSync(folder)
  for (const name of Object.keys(integrations)) {
    const { default: fake } = (await fakes[name]?.()) ?? {}
    if (!fake?.destinations) continue
    const notes: Note[] = []
    const running = await startFake(fake, { random: seeded(1), now: Date.now, tell: (note) => notes.push(note) })
    t.after(() => running.close())
    await buildScript({ name, out: folder })
    const [given] = Object.values(fake.destinations(running.url))
    const { hook_url, api_key, ...options } = given as Record<string, string>
    const block = { name: `custom-${name}`, alert, hook_url, api_key, options: JSON.stringify(options) }
    const { code, output } = await integratord(home, block)
    assert.deepEqual(
      notes.filter(({ verdict }) => verdict !== 'accepted'),
      [],
      name,
    )
    assert.equal(code, 0, `${name}: ${output}`)
    assert.ok(notes.length > 0, name)
  }
})
