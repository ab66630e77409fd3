/** `outrider fake` as people use it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { main, makeHome, ownEnv, runOutrider } from './support/outrider.ts'

/** Started, and ready; `line` resolves with the next line that fits. */
async function startCommand(t: TestContext, ...args: string[]) {
  const child = spawn(process.execPath, [main, 'fake', ...args], { env: ownEnv, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const seen: string[] = []
  const line = async (fits: RegExp) => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`it ended before ${fits}:\n${seen.join('\n')}`)
      seen.push(value)
      if (fits.test(value)) return value
    }
  }
  const stop = async () => {
    child.kill('SIGINT')
    const [code] = await ended
    return code as number
  }
  const interrupt = () => child.kill('SIGINT')
  return { line, seen, interrupt, stop }
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

test('says what to configure, what became of each request, and a summary at Ctrl-C', {
  timeout: 180_000,
}, async (t) => {
  const { line, seen, interrupt } = await startCommand(t, 'slack')
  await line(/Ctrl-C/)
  const snippet = parse(seen.slice(seen.indexOf('destinations:'), -1).join('\n'))
  const { type, hook_url } = snippet.destinations.slack
  assert.equal(type, 'slack')
  assert.equal(await (await post(hook_url, { text: 'a' })).text(), 'ok')
  assert.match(
    await line(/services/),
    /^\S+ {2}accepted {2}200 {2}POST \/services\/T00000000\/B00000000\/\*\*\* {2}message 1$/,
  )
  assert.equal(
    await (await post(hook_url, { text: 'a', blocks: Array(51).fill({ type: 'divider' }) })).text(),
    'invalid_payload',
  )
  assert.match(await line(/services/), / refused {3}400 .* blocks: Too big: expected array to have <=50 items$/)
  assert.equal((await post(hook_url, { text: 'a' })).status, 200)
  await line(/message 2 \(duplicate\)$/)
  // npm hands on what the terminal has sent to all already.
  interrupt()
  interrupt()
  await line(/^3 requests: 2 accepted, 1 refused, 0 faults; 1 duplicate$/)
})

test('JSON lines for programs, and faults that are the same for the same seed', { timeout: 180_000 }, async (t) => {
  const verdicts = async () => {
    const { line, stop } = await startCommand(t, 'gotify', '--json', '--429', '30%', '--500', '20', '--seed', '5')
    const { url, settings } = JSON.parse(await line(/"ready"/))
    assert.deepEqual(settings.destinations.gotify.hook_url, url)
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) {
      const response = await post(`${url}/message`, { message: `${n}` }, { 'x-gotify-key': 'k' })
      statuses.push(response.status)
      assert.equal(JSON.parse(await line(/./)).status, response.status)
    }
    assert.equal(await stop(), 0)
    const { message, requests, faults } = JSON.parse(await line(/summary/))
    assert.deepEqual([message, requests, faults], ['summary', 12, statuses.filter((status) => status !== 200).length])
    return statuses
  }
  const statuses = await verdicts()
  assert.deepEqual([...new Set(statuses)].sort(), [200, 429, 500])
  assert.deepEqual(await verdicts(), statuses)
})

test('wrong usage ends with what is wrong and how to mend it', { timeout: 180_000 }, async (t) => {
  const home = makeHome(t)
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  for (const [args, said] of [
    [['nosuch'], /there is no fake "nosuch"\n {2}hint: there are /],
    [['slakc'], /hint: did you mean "slack"\?/],
    [['slack', '--port', String(port)], new RegExp(`port ${port} is taken\n {2}hint: give another one`)],
    [['slack', '--port', '70000'], /a port up to 65535 is needed/],
    [['slack', '--429', 'often'], /a share such as 30% is needed/],
    [['slack', '--429', '60%', '--500', '50%'], /the faults make 110 % together\n {2}hint: give at most 100 %/],
    [['slack', '--latency', '5'], /a time such as 200ms or 2s is needed/],
  ] as const) {
    const { code, stderr } = await runOutrider(home, ['fake', ...args])
    assert.equal(code, 2, args.join(' '))
    assert.match(stderr, said)
    assert.doesNotMatch(stderr, /\n {4}at /)
  }
  const { code, stdout } = await runOutrider(home, ['fake'])
  assert.equal(code, 0)
  assert.match(stdout, /^slack +https:/m)
})
