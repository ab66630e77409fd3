/** What was acknowledged is there after kill -9, and nothing is torn: a real process, killed at moments that the machine chooses. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openAppend } from './append.ts'
import { type FileCursor, follow } from './follow.ts'
import { openState } from './state.ts'

const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)

/** Runs a module until it has written `lines` lines to stdout, and kills it in the middle of what it does then. */
async function killAfter(lines: number, source: string): Promise<string[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  for await (const text of child.stdout.setEncoding('utf8')) {
    output += text
    if (output.split('\n').length > lines) child.kill('SIGKILL')
  }
  // The last piece has no line end, or is empty.
  return output.split('\n').slice(0, -1)
}

test('lines that openAppend acknowledged are in the file after a kill, whole', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-kill-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'a.ndjson')
  const acknowledged: string[] = []
  for (let round = 0; round < 4; round++)
    acknowledged.push(
      ...(await killAfter(
        20 + round * 37,
        `import { openAppend } from ${url('append.ts')}
         const file = openAppend({ path: ${JSON.stringify(path)} })
         for (let n = 0; ; n += 3)
           await Promise.all([0, 1, 2].map(async (k) => {
             const line = JSON.stringify({ id: '${round}.' + (n + k), text: 'x'.repeat((n * 977) % 20000) })
             await file.append([line])
             process.stdout.write('${round}.' + (n + k) + '\\n')
           }))`,
      )),
    )
  await using file = openAppend({ path })
  await file.append(['{"id":"last"}'])
  const lines = readFileSync(path, 'utf8').split('\n')
  assert.equal(lines.pop(), '')
  const whole = lines.flatMap((line) => {
    try {
      return [JSON.parse(line).id as string]
    } catch {
      return []
    }
  })
  // One line may be torn by each kill; it was not acknowledged.
  assert.ok(lines.length - whole.length <= 4)
  const written = new Set(whole)
  assert.deepEqual(
    acknowledged.filter((id) => !written.has(id)),
    [],
  )
  assert.equal(whole.at(-1), 'last')
})

test('a reader that keeps its cursor in state.db reads every line over kills, and none twice that it has committed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-kill-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [path, database] = [join(folder, 'a.log'), join(folder, 'state.db')]
  const wanted = Array.from({ length: 3000 }, (_, n) => `line ${n}`)
  await using file = openAppend({ path })
  await file.append(wanted)

  const reader = `import { openState } from ${url('state.ts')}
    import { follow } from ${url('follow.ts')}
    const state = openState(${JSON.stringify(database)}, [{ name: 'seen', sql: 'CREATE TABLE seen (line TEXT NOT NULL) STRICT' }])
    const cursor = state.cursor('a')
    const insert = state.db.prepare('INSERT INTO seen VALUES (?)')
    const follower = follow({ path: ${JSON.stringify(path)}, from: 'start', cursor: cursor.get() })
    for (;;) {
      const batch = await follower.next()
      for (let n = 0; n <= batch.lines.length; n += 7) {
        const part = batch.lines.slice(n, n + 7)
        state.transaction(() => {
          for (const line of part) insert.run(line)
          cursor.set(batch.after(n + part.length))
        })
        process.stdout.write(part.length + '\\n')
      }
    }`
  for (let round = 0; round < 4; round++) await killAfter(15 + round * 11, reader)

  using state = openState(database, [{ name: 'seen', sql: '' }])
  const seen = state.db
    .prepare('SELECT line FROM seen ORDER BY rowid')
    .all()
    .map((row) => row.line as string)
  assert.ok(seen.length > 100 && seen.length < wanted.length, `${seen.length} lines`)
  assert.deepEqual(seen, wanted.slice(0, seen.length))
  await using rest = follow({ path, from: 'start', cursor: state.cursor<FileCursor>('a').get() })
  for (let batch = await rest.poll(); batch; batch = await rest.poll()) seen.push(...batch.lines)
  assert.deepEqual(seen, wanted)
})
