import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('./fuzz-engine.ts', import.meta.url))
const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })

test('runs as many lines as it is told, and counts those that are equal', () => {
  const { status, stdout } = run('--lines', '200', '--seed', '4')
  assert.equal(status, 0, stdout)
  assert.match(stdout, /\nslowest line of the fast engine: \d+\.\d ms: ".*"\n200\/200 equal\n$/)
})

test('tells how it is used', () => {
  const { status, stderr } = run('--lines', 'many')
  assert.equal(status, 2)
  assert.match(stderr, /"many" is no whole number.*\nusage: npm run -s fuzz:engine/)
})
