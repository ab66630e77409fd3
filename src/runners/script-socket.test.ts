import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { listenForScripts, type TakeOver } from './script-server.ts'
import { formatHandOver, type HandOver, handOver, parseHandOver, socketPath } from './script-socket.ts'

const request: HandOver = {
  kind: 'add',
  program: 'firewall-drop ","alert":',
  definition: 'firewall-drop',
  key: '10.0.0.1',
  seconds: 600,
  alert: '{"full_log":"gr\xc3\xb6\xc3\x9fe \xff","rule":{"id":"1","id":"2"}}',
}

function home(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-socket-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'queue'))
  return folder
}

async function listening(t: TestContext, path: string, take: TakeOver): Promise<void> {
  const quiet = () => {}
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const server = await listenForScripts({ path, take, log })
  t.after(() => server.close())
}

/** What a peer that sends this gets back. */
function raw(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(path, () => socket.end(text, 'latin1'))
    socket.on('data', (part) => (answer += part))
    socket.on('close', () => resolve(answer))
  })
}

test('a request is one line, and its alert comes through byte for byte', () => {
  const line = formatHandOver(request)
  assert.equal(line.indexOf('\n'), line.length - 1)
  assert.deepEqual(parseHandOver(line.trimEnd()), request)
  const pretty = formatHandOver({ ...request, alert: '{\n "rule": {}\n}' })
  assert.equal(parseHandOver(pretty.trimEnd())!.alert, '{  "rule": {} }')
})

test('what is no request of ours is none', () => {
  const bad = [
    '',
    '{}',
    'GET / HTTP/1.1',
    '{"v":1,"kind":"alert","program":"x","definition":"x","alert":[]}',
    '{"v":1,"kind":"alert","program":"x","definition":"x","alert":{"a":}}',
    '{"v":2,"kind":"alert","program":"x","definition":"x","alert":{}}',
    '{"v":1,"kind":"add","program":"x","definition":"x","key":"1.1.1.1","seconds":-1,"alert":{}}',
    '{"v":1,"kind":"delete","program":"x","definition":"x","alert":{}}',
  ]
  for (const line of bad) assert.equal(parseHandOver(line), undefined, line)
})

test('is answered once it is taken; a taker that fails leaves the work to the script', async (t) => {
  const path = socketPath(home(t))
  const seen: HandOver[] = []
  await listening(t, path, async (given) => {
    seen.push(given)
    if (seen.length > 1) throw new Error('the disk is full')
    return { taken: true, refused: 'it is the gateway' }
  })
  assert.equal(statSync(path).mode & 0o777, 0o660)
  assert.deepEqual(await handOver(path, request, 5000), { taken: true, refused: 'it is the gateway' })
  assert.deepEqual(await handOver(path, request, 5000), { taken: false, reason: 'the disk is full' })
  assert.deepEqual(seen, [request, request])
  assert.equal(await raw(path, 'hello\n'), '{"taken":false,"reason":"not a request"}\n')
})

test('nobody there, or nobody who answers in time, is no answer', async (t) => {
  const folder = home(t)
  const path = socketPath(folder)
  assert.equal(await handOver(path, request, 5000), undefined)
  writeFileSync(path, '')
  assert.equal(await handOver(path, request, 5000), undefined, 'a socket that a killed one left')
  await listening(t, path, () => new Promise(() => {}))
  assert.equal(await handOver(path, request, 20), undefined)
})

test('takes the place of a socket that nobody listens on, and of no other', async (t) => {
  const path = socketPath(home(t))
  writeFileSync(path, '')
  await listening(t, path, () => ({ taken: true }))
  await assert.rejects(
    listening(t, path, () => ({ taken: true })),
    /another process listens there/,
  )
  assert.ok(existsSync(path))
})
