/**
 * What a script of `outrider build` costs above an empty one, in one run: milliseconds from the start of the process to its end, by turns, so that whatever
 * else the machine does falls on all of them; and milliseconds of processor time, which other programs change less.
 *
 *   empty       an empty file, CommonJS, under the same `#!/usr/bin/env node`
 *   socket      custom-slack, which hands its alert to a listening Outrider (the alert is appended and synced before it answers)
 *   post        custom-slack, which posts its alert to a server on loopback
 *   respond     firewall-drop, which hands its block to a listening Outrider
 *
 * node scripts/run.mjs bench/script-start.ts [runs of each]
 *
 * On a busy machine one measures how long the scripts wait for a processor. As root, `chrt -f 20` in front lets them wait for none.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { buildScript } from '../src/build/build.ts'

const [runs = 60] = process.argv.slice(2).map(Number)

const alert = JSON.stringify({
  timestamp: '2026-11-21T10:00:00.000+0000',
  rule: {
    level: 5,
    description: 'sshd: wrong password for root',
    id: '5760',
    firedtimes: 1,
    mail: false,
    groups: ['syslog', 'sshd', 'authentication_failed'],
    mitre: { id: ['T1110.001'], tactic: ['Credential Access'], technique: ['Password Guessing'] },
  },
  agent: { id: '001', name: 'web-01', ip: '10.0.0.5' },
  manager: { name: 'bench' },
  id: '1795211238.400',
  full_log: 'Jan 15 10:30:45 bench sshd[1]: Failed password for root from 203.0.113.9 port 22 ssh2',
  decoder: { parent: 'sshd', name: 'sshd' },
  data: { srcip: '203.0.113.9', srcport: '22', dstuser: 'root' },
  location: '/var/log/auth.log',
})

/** A home with the scripts in it; `queue/outrider.sock` is listened on only in one of them. */
const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'))
const home = (name: string) => {
  const path = join(folder, name)
  for (const part of ['integrations', 'active-response/bin', 'logs', 'queue', 'etc/shared'])
    mkdirSync(join(path, part), { recursive: true })
  return path
}
const served = home('served')
const alone = home('alone')
for (const out of [served, alone]) await buildScript({ name: 'slack', out: join(out, 'integrations') })
await buildScript({ name: 'firewall-drop', out: join(served, 'active-response', 'bin') })
writeFileSync(join(served, 'etc/shared/ar.conf'), 'firewall-drop600 - firewall-drop - 600\n')
writeFileSync(join(folder, 'empty'), '#!/usr/bin/env node\n', { mode: 0o750 })
const alertFile = join(folder, 'custom-slack-1795211238-4711.alert')
writeFileSync(alertFile, `${alert}\n`)

// The servers have a thread of their own: this one waits for the scripts.
const worker = new Worker(
  `const { workerData, parentPort } = require('node:worker_threads')
   import(workerData.server).then(async ({ listenForScripts }) => {
     const { openAppend } = await import(workerData.append)
     const { socketPath } = await import(workerData.socket)
     const file = openAppend({ path: workerData.home + '/queue/handed-over.json' })
     const counts = { post: 0, alert: 0, add: 0 }
     const log = { debug() {}, info() {}, warn: console.error, error: console.error }
     await listenForScripts({
       path: socketPath(workerData.home),
       log,
       async take({ kind, alert }) {
         await file.append([alert])
         counts[kind]++
         return { taken: true }
       },
     })
     const server = require('node:http').createServer((request, response) => {
       request.resume()
       request.on('end', () => { counts.post++; response.end('ok') })
     })
     server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
     parentPort.on('message', () => parentPort.postMessage(counts))
   })`,
  {
    eval: true,
    workerData: {
      home: served,
      server: new URL('../src/runners/script-server.ts', import.meta.url).href,
      socket: new URL('../src/runners/script-socket.ts', import.meta.url).href,
      append: new URL('../src/durable/append.ts', import.meta.url).href,
    },
  },
)
const port = await new Promise<number>((resolve) => worker.once('message', resolve))

const slack = (at: string) => [
  join(at, 'integrations', 'custom-slack'),
  alertFile,
  '',
  `http://127.0.0.1:${port}/`,
  '',
  '',
  '10',
  '3',
  '> /dev/null 2>&1',
]
const order = `{"version":1,"origin":{"name":"undefined","module":"wazuh-execd"},"command":"add","parameters":{"extra_args":[],"alert":${alert},"program":"active-response/bin/firewall-drop"}}\n`
const cases: Record<string, { argv: string[]; input?: string }> = {
  empty: { argv: [join(folder, 'empty')] },
  socket: { argv: slack(served) },
  post: { argv: slack(alone) },
  respond: { argv: [join(served, 'active-response', 'bin', 'firewall-drop')], input: order },
}

/** Processor time of all children that have ended, in ticks of 10 ms: cutime and cstime of proc(5). */
function childTicks(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return Number(fields[13]) + Number(fields[14])
}

const ticks: Record<string, number> = Object.fromEntries(Object.keys(cases).map((name) => [name, 0]))
const times: Record<string, number[]> = Object.fromEntries(Object.keys(cases).map((name) => [name, []]))
// The first round fills the file cache and does not count.
for (let round = 0; round <= runs; round++)
  for (const [name, { argv, input }] of Object.entries(cases)) {
    const [program = '', ...args] = argv
    const ticksBefore = childTicks()
    const started = performance.now()
    const { status, stdout } = spawnSync(program, args, { input, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${name}: exit code ${status}: ${stdout}`)
    if (round === 0) continue
    times[name]!.push(performance.now() - started)
    ticks[name]! += childTicks() - ticksBefore
  }
const counts = await new Promise<Record<string, number>>((resolve) => {
  worker.once('message', resolve)
  worker.postMessage('count')
})
await worker.terminate()
rmSync(folder, { recursive: true })
for (const kind of ['post', 'alert', 'add'])
  if (counts[kind] !== runs + 1) throw new Error(`${counts[kind]} of ${runs + 1} arrived by "${kind}"`)

const at = (values: number[], share: number) => values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!
const empty = at(times.empty!, 0.5)
const cpu = (name: string) => (ticks[name]! * 10) / runs
const row = (cells: string[]) =>
  `${cells[0]!.padEnd(10)}${cells
    .slice(1)
    .map((cell) => cell.padStart(16))
    .join('')}\n`
process.stdout.write(`${runs} runs of each, node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}\n`)
process.stdout.write(row(['', 'median ms', 'p95 ms', 'above empty ms', 'cpu ms', 'above empty ms']))
for (const [name, values] of Object.entries(times)) {
  const median = at(values, 0.5)
  const above = (of: number, base: number) => (name === 'empty' ? '' : (of - base).toFixed(1))
  const wall = [median.toFixed(1), at(values, 0.95).toFixed(1), above(median, empty)]
  process.stdout.write(row([name, ...wall, cpu(name).toFixed(1), above(cpu(name), cpu('empty'))]))
}
