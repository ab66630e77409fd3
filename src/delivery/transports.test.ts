import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import type { Mail, Outcome } from '../define.ts'
import { listen } from '../testing/listen.ts'
import { until } from './testing/setup.ts'
import { createTransports } from './transports.ts'

function shipper(t: TestContext) {
  const transports = createTransports(2)
  t.after(() => transports.close())
  return (what: Parameters<typeof transports.ship>[0], deadline = 5000): Promise<Outcome> =>
    transports.ship(what, deadline, new AbortController().signal)
}

async function server(t: TestContext, talk: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const taking = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    talk(socket)
  })
  return { port: await listen(t, taking), sockets }
}

test('files: appends whole lines, also after the file was renamed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-file-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const ship = shipper(t)
  const file = join(folder, 'new', 'alerts.ndjson')
  assert.equal((await ship({ file, line: '{"größe":1}' })).kind, 'delivered')
  renameSync(file, `${file}.1`)
  assert.equal((await ship({ file, line: '{"b":2}' })).kind, 'delivered')
  assert.equal(readFileSync(`${file}.1`, 'utf8'), '{"größe":1}\n')
  assert.equal(readFileSync(file, 'utf8'), '{"b":2}\n')
  mkdirSync(join(folder, 'taken'))
  const outcome = await ship({ file: join(folder, 'taken'), line: 'x' })
  assert.equal(outcome.kind, 'paused')
  assert.match((outcome as { reason: string }).reason, /taken: /)
})

test('TCP: one connection for all, made anew when the server closed it', async (t) => {
  let got = ''
  const { port, sockets } = await server(t, (socket) => socket.on('data', (data) => (got += data)))
  const ship = shipper(t)
  const send = (text: string) => ship({ host: '127.0.0.1', port, transport: 'tcp', text })
  assert.deepEqual(await Promise.all([send('1 a'), send('1 b')]), [{ kind: 'delivered' }, { kind: 'delivered' }])
  await until(() => got === '1 a1 b')
  assert.equal(sockets.size, 1)
  const [first] = sockets
  first!.destroy()
  // The close must have reached us, or what is sent meanwhile is lost without a sign: that is how TCP is.
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal((await send('1 c')).kind, 'delivered')
  await until(() => got.endsWith('1 c'))
})

test('TCP: nobody there is a reason to try again', async (t) => {
  const outcome = await shipper(t)({ host: '127.0.0.1', port: 1, transport: 'tcp', text: 'x' })
  assert.deepEqual(outcome, { kind: 'retry', reason: '127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1', busy: true })
})

test('UDP: one datagram each', async (t) => {
  const server = createSocket('udp4')
  const got: string[] = []
  server.on('message', (data) => got.push(String(data)))
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const ship = shipper(t)
  for (const text of ['<1>a', '<1>b'])
    assert.equal(
      (await ship({ host: '127.0.0.1', port: server.address().port, transport: 'udp', text })).kind,
      'delivered',
    )
  await until(() => got.length === 2)
  assert.deepEqual(got, ['<1>a', '<1>b'])
})

const mail = (port: number): Mail => ({
  smtp: { host: '127.0.0.1', port, security: 'none' },
  from: 'wazuh@example.com',
  to: ['soc@example.com'],
  subject: 'Größe',
  text: 'line\n.\nend',
  headers: { 'X-A': 'b' },
  message_id: '<1@example.com>',
})

/** As much SMTP as a client needs; `answers` replaces the usual answer to a command. */
const smtp = (answers: Record<string, string>, got: string[] = []) =>
  function talk(socket: Socket) {
    let inData = false
    let buffer = ''
    socket.write('220 fake\r\n')
    socket.on('data', (data) => {
      buffer += data
      for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
        const line = buffer.slice(0, end)
        buffer = buffer.slice(end + 2)
        got.push(line)
        if (inData) {
          if (line !== '.') continue
          inData = false
          socket.write(`${answers.content ?? '250 taken'}\r\n`)
          continue
        }
        const verb = line.split(/[ :]/)[0]!.toUpperCase()
        inData = verb === 'DATA'
        const usual =
          verb === 'EHLO' ? '250 fake' : verb === 'DATA' ? '354 go on' : verb === 'QUIT' ? '221 bye' : '250 ok'
        socket.write(`${answers[verb] ?? usual}\r\n`)
      }
    })
  }

test('mail: is sent as it is given', async (t) => {
  const got: string[] = []
  const { port } = await server(t, smtp({}, got))
  assert.deepEqual(await shipper(t)(mail(port)), { kind: 'delivered', ref: '<1@example.com>' })
  const text = got.join('\n')
  assert.match(text, /MAIL FROM:<wazuh@example.com>[\s\S]*RCPT TO:<soc@example.com>/)
  assert.match(text, /Message-ID: <1@example.com>/i)
  assert.match(text, /Subject: =\?UTF-8\?/)
  assert.match(text, /\n\.\.\n/, 'a dot alone does not end it')
})

test('mail: what the server says decides', async (t) => {
  for (const [answers, kind, busy] of [
    [{ content: '451 greylisted' }, 'retry', false],
    [{ content: '554 looks like spam' }, 'rejected', undefined],
    [{ RCPT: '550 no such user' }, 'paused', undefined],
    [{ MAIL: '421 too busy' }, 'retry', true],
  ] as const) {
    const { port } = await server(t, smtp(answers))
    const outcome = await shipper(t)(mail(port))
    assert.equal(outcome.kind, kind, JSON.stringify([answers, outcome]))
    if (outcome.kind === 'retry') assert.equal(outcome.busy, busy)
  }
  assert.equal((await shipper(t)(mail(1))).kind, 'retry')
})

test('mail: without the TLS that was asked for nothing is sent', async (t) => {
  const got: string[] = []
  const { port } = await server(t, smtp({}, got))
  const asked = mail(port)
  asked.smtp.security = 'starttls'
  assert.notEqual((await shipper(t)(asked)).kind, 'delivered')
  assert.ok(!got.some((line) => line.startsWith('MAIL')))
})

test('what takes too long is tried again', async (t) => {
  const { port } = await server(t, () => {})
  assert.deepEqual(await shipper(t)(mail(port), 20), { kind: 'retry', reason: 'not done within 0.02 s', busy: true })
})

test('no library is loaded before something is sent that needs it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-lazy-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const program = `
    import { createRequire } from 'node:module'
    const { cache } = createRequire(import.meta.url)
    const { createTransports } = await import(${JSON.stringify(new URL('./transports.ts', import.meta.url).href)})
    const ship = (what) => createTransports(1).ship(what, 5000, new AbortController().signal)
    const loaded = () => [...new Set(Object.keys(cache).flatMap((path) => /node_modules\\/(@[^/]+)/.exec(path)?.[1] ?? []))].sort().join()
    await ship({ file: ${JSON.stringify(join(folder, 'a'))}, line: 'x' })
    console.log('file', loaded())
    await ship({ redis: { url: 'redis://127.0.0.1:1', database: 0 }, stream: 's', fields: { a: 'b' }, max_length: 0 })
    console.log('redis', loaded())
    await ship({ nats: { servers: ['nats://127.0.0.1:1'] }, subject: 's', payload: '', message_id: 'a', jetstream: false })
    console.log('nats', loaded())
    process.exit()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  assert.equal(stdout, 'file \nredis @redis\nnats @nats-io,@redis\n')
})
