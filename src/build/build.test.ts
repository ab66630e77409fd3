import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Script } from 'node:vm'
import { integrations } from '../integrations/index.ts'
import type { UserError } from '../problem.ts'
import { responses } from '../responses/index.ts'
import { buildScript } from './build.ts'

const out = mkdtempSync(join(tmpdir(), 'outrider-built-'))
after(() => rmSync(out, { recursive: true }))

const need_a_library = ['nats', 'redis-streams']

test('a script is one CommonJS file without anything heavy in it', async () => {
  for (const name of [...Object.keys(integrations), ...Object.keys(responses)]) {
    if (need_a_library.includes(name)) continue
    const { file, kind, bytes, modules } = await buildScript({ name, out })
    assert.equal(file, join(out, kind === 'integration' ? `custom-${name}` : name))
    assert.equal(statSync(file).mode & 0o777, 0o750)
    const text = readFileSync(file, 'utf8')
    assert.equal(Buffer.byteLength(text), bytes)
    assert.match(text, /^#!\/usr\/bin\/env node\n/)
    new Script(`(function (require) {${text.replace(/^#!.*/, '')}\n})`)
    // Mail is nodemailer's, which is larger than all the rest and loaded when it is needed.
    const libraries = name === 'email' ? ['nodemailer', 'zod'] : ['zod']
    const found = modules.flatMap((path) => /^node_modules\/([^/]+)/.exec(path)?.[1] ?? [])
    assert.deepEqual([...new Set(found)].sort(), libraries, name)
    for (const library of libraries) assert.match(text, new RegExp(`holds parts of ${library} \\d`))
    // Each definition sees to it that it asks for nothing that Node 20 lacks.
    const own = name === 'email' ? '' : text
    assert.doesNotMatch(own, /\b(Map|Object)\.groupBy\b|withResolvers|\bIterator\.|Promise\.try|RegExp\.escape/, name)
    assert.ok(own.length < 120_000, `${name} has ${text.length} characters`)
    assert.doesNotMatch(own, /undici|\bfetch\(|\bimport\(|^(import|export) /m, name)
    const required = [...own.matchAll(/\brequire\(([^)]*)\)/g)].map(([, what]) => what!)
    assert.deepEqual(
      required.filter((what) => !/^"node:/.test(what)),
      [],
      name,
    )
  }
})

test('what needs a library and a kept connection is refused, with the way to have it', async () => {
  for (const name of need_a_library)
    await assert.rejects(buildScript({ name, out }), (error: UserError) => {
      assert.match(error.message, new RegExp(`^${name} cannot be a script: `))
      assert.match(error.hint ?? '', /engine: beside/)
      return true
    })
})

test('the kind decides where a name is looked for', async () => {
  await assert.rejects(buildScript({ name: 'slack', kind: 'response', out }), /there is no response "slack"/)
  assert.equal((await buildScript({ name: 'slack', kind: 'integration', out })).kind, 'integration')
})
