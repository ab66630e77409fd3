import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

// As in a container that runs under any number.
const nameless = { uid: 54_321, gid: 54_321 }
const asNameless = (code: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', code], { ...nameless, encoding: 'utf8' })
const url = new URL('./client.ts', import.meta.url).href
const skip =
  process.getuid?.() !== 0
    ? 'only root can become somebody else'
    : asNameless(`await import('${url}')`).status !== 0 && 'a user without a name cannot read this folder'

test('a user without a name goes into the audit by its number', { skip }, () => {
  const { stdout, stderr } = asNameless(`const { you } = await import('${url}'); process.stdout.write(you())`)
  assert.deepEqual([stdout, stderr], ['cli:54321', ''])
})
