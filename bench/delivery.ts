/**
 * Alerts per second from alerts.json to a destination, in one run:
 *
 *   webhook      our runner, one request an alert, to a server on loopback
 *   script       our runner, `python3 -c …` started for each alert, four at once
 *   integratord  the same script started once per alert, one after the other, as integratord does it
 *
 * node scripts/run.mjs bench/delivery.ts [alerts for webhook] [alerts for scripts]
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Destination } from '../src/config.ts'
import { createDelivery, migrations } from '../src/delivery/index.ts'
import { openState } from '../src/durable/state.ts'
import { createLog } from '../src/log.ts'

const [webhookAlerts = 20_000, scriptAlerts = 100] = process.argv.slice(2).map(Number)

// What a custom-* script usually is: it reads the alert and posts it.
// The system's python where there is one: a version manager's wrapper in PATH would add its own start to every alert.
const python = `#!${existsSync('/usr/bin/python3') ? '/usr/bin/python3' : '/usr/bin/env python3'}
import json, sys, urllib.request
alert = json.load(open(sys.argv[1]))
body = json.dumps({"text": alert["rule"]["description"]}).encode()
urllib.request.urlopen(urllib.request.Request(sys.argv[3], data=body, headers={"Content-Type": "application/json"})).read()
`

const alertLine = (n: number) =>
  JSON.stringify({
    timestamp: '2026-11-21T10:00:00.000+0000',
    rule: {
      level: 5,
      description: 'sshd: wrong password for root',
      id: '5760',
      firedtimes: n,
      mail: false,
      groups: ['syslog', 'sshd', 'authentication_failed'],
    },
    agent: { id: '000', name: 'bench' },
    manager: { name: 'bench' },
    id: `1795211238.${n * 400}`,
    full_log: `Jan 15 10:30:45 bench sshd[1]: Failed password for root from 203.0.113.${n % 250} port ${n} ssh2`,
    decoder: { parent: 'sshd', name: 'sshd' },
    data: { srcip: `203.0.113.${n % 250}`, srcport: String(n), dstuser: 'root' },
    location: '/var/log/auth.log',
  })

const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'))
mkdirSync(join(folder, 'integrations'))
writeFileSync(join(folder, 'integrations', 'custom-bench'), python)
chmodSync(join(folder, 'integrations', 'custom-bench'), 0o750)

// The server has a thread of its own, so that it and the runner do not share one event loop.
const server = new Worker(
  `const { createServer } = require('node:http'); const { parentPort } = require('node:worker_threads')
   let taken = 0
   const server = createServer((request, response) => { request.resume(); request.on('end', () => { taken++; response.end() }) })
   server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
   parentPort.on('message', () => parentPort.postMessage(taken))`,
  { eval: true },
)
const port = await new Promise<number>((resolve) => server.once('message', resolve))
const url = `http://127.0.0.1:${port}/`

async function throughOurRunner(name: string, alerts: number, destination: Partial<Destination>): Promise<number> {
  const alerts_file = join(folder, `${name}.json`)
  writeFileSync(alerts_file, `${Array.from({ length: alerts }, (_, n) => alertLine(n)).join('\n')}\n`)
  using state = openState(join(folder, `${name}.db`), migrations)
  const runner = createDelivery({
    state,
    alerts_file,
    home: folder,
    destinations: [
      {
        place: { file: 'bench', line: 1 },
        name,
        type: 'webhook',
        options: { hook_url: url },
        filter: { level: 0 },
        concurrency: 64,
        deadline: 30,
        from: 'start',
        ...destination,
      },
    ],
    now: Date.now,
    random: Math.random,
    log: createLog({ write: (line) => process.stderr.write(line), now: Date.now, format: 'text', level: 'warn' }),
    mask: (text) => text,
  })
  const started = performance.now()
  await runner.start()
  while (runner.status()[0]!.delivered < alerts) await new Promise((resolve) => setTimeout(resolve, 5))
  const seconds = (performance.now() - started) / 1000
  await runner.stop()
  return alerts / seconds
}

function asIntegratord(alerts: number): number {
  const started = performance.now()
  for (let n = 0; n < alerts; n++) {
    const file = join(folder, `custom-bench-${n}.alert`)
    writeFileSync(file, `${alertLine(n)}\n`)
    const { status } = spawnSync(join(folder, 'integrations', 'custom-bench'), [
      file,
      '',
      url,
      '',
      '',
      '10',
      '3',
      '> /dev/null 2>&1',
    ])
    if (status !== 0) throw new Error(`the script ended with ${status}`)
    rmSync(file)
  }
  return alerts / ((performance.now() - started) / 1000)
}

const script = {
  place: { file: 'bench', line: 1 },
  name: 'custom-bench',
  hook_url: url,
  level: 0,
  max_log: 165,
  alert_format: 'json',
  timeout: 10,
  retries: 3,
}

try {
  process.stdout.write(`${cpus().length} × ${cpus()[0]!.model}, Node ${process.version}\n`)
  const integratord = asIntegratord(scriptAlerts)
  const rows = [
    ['as integratord', `${scriptAlerts} alerts, python3 once each, one after the other`, integratord],
    [
      'script',
      `${scriptAlerts} alerts, python3 once each, four at once`,
      await throughOurRunner('script', scriptAlerts, { type: 'script', script, options: {}, concurrency: 4 }),
    ],
    [
      'webhook',
      `${webhookAlerts} alerts, one request each, 64 at once`,
      await throughOurRunner('webhook', webhookAlerts, {}),
    ],
  ] as const
  for (const [name, what, rate] of rows) {
    process.stdout.write(
      `${name.padEnd(16)}${rate.toFixed(1).padStart(10)} alerts/s  ${`${(rate / integratord).toFixed(1)} ×`.padStart(9)}  ${what}\n`,
    )
  }
} finally {
  await server.terminate()
  rmSync(folder, { recursive: true, force: true })
}
