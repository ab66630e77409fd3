import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** Size of the nursery in bytes after much has lived for a while, in a process of its own. */
function nurseryAfter(call: string): number {
  const program = `
    import { settleHeap } from ${JSON.stringify(new URL('heap.ts', import.meta.url).href)}
    import { getHeapSpaceStatistics } from 'node:v8'
    let kept = []
    for (let i = 0; i < 4_000_000; i++) {
      if (i % 1_000 === 0) { ${call} }
      kept.push({ i })
      if (kept.length > 600_000) kept = []
    }
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.ok(Number(stdout) > 0, stderr)
  return Number(stdout)
}

test('the nursery stays small once it is settled, and would not without', () => {
  const settled = nurseryAfter('settleHeap()')
  assert.ok(settled <= 40_000_000, String(settled))
  assert.ok(nurseryAfter('') > settled)
})
