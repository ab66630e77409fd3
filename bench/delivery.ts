/**
 * Alerts per second from alerts.json to an HTTP server on loopback, one request each, beside those who do the same today:
 *
 *   as integratord   a Python script started once per alert, one after the other
 *   syslog-ng        its http() destination with a reliable disk-buffer; Debian: syslog-ng-core, syslog-ng-mod-http
 *   Outrider script  the same Python script, four at once
 *   Outrider         the webhook destination, 64 at once
 *
 * Outrider and syslog-ng take turns, three times; the best of each counts, for that is what the machine disturbed least.
 *
 * node scripts/run.mjs bench/delivery.ts [alerts] [alerts for scripts]
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  alertLine,
  folder,
  Helper,
  printMachine,
  printTable,
  type Row,
  startSink,
  wait,
  writeAlerts,
} from './delivery/parts.ts'
import type { Status } from './delivery/runner.ts'
import { startSyslogNg, syslogNgVersion } from './delivery/syslog-ng.ts'

const [alerts = 100_000, scriptAlerts = 60] = process.argv.slice(2).map(Number)
const rounds = 3
/** Which number of workers suits it best depends on the machine. */
const syslogNgWorkers = [1, 4, 16]

// What a custom-* script usually is: it reads the alert and posts it.
// The system's python where there is one: a version manager's wrapper in PATH would add its own start to every alert.
const python = `#!${existsSync('/usr/bin/python3') ? '/usr/bin/python3' : '/usr/bin/env python3'}
import json, sys, urllib.request
alert = json.load(open(sys.argv[1]))
body = json.dumps({"text": alert["rule"]["description"]}).encode()
urllib.request.urlopen(urllib.request.Request(sys.argv[3], data=body, headers={"Content-Type": "application/json"})).read()
`

function makeScript(home: string): string {
  const script = join(home, 'integrations', 'custom-bench')
  mkdirSync(join(home, 'integrations'), { recursive: true })
  writeFileSync(script, python)
  chmodSync(script, 0o750)
  return script
}

function asIntegratord(url: string): number {
  using home = folder()
  const script = makeScript(home.path)
  const started = performance.now()
  for (let n = 0; n < scriptAlerts; n++) {
    const file = join(home.path, `custom-bench-${n}.alert`)
    writeFileSync(file, `${alertLine(n)}\n`)
    const { status } = spawnSync(script, [file, '', url, '', '', '10', '3', '> /dev/null 2>&1'])
    if (status !== 0) throw new Error(`the script ended with ${status}`)
    rmSync(file)
  }
  return scriptAlerts / ((performance.now() - started) / 1000)
}

/** From the first alert that arrives to the last: starting up is not counted, for nobody. */
async function rate(count: number, taken: () => Promise<number>): Promise<number> {
  const before = await taken()
  let first = before
  while (first === before) {
    await wait(2)
    first = await taken()
  }
  const started = performance.now()
  const deadline = started + 60_000
  for (;;) {
    await wait(5)
    const now = await taken()
    if (now - before >= count) return (now - first) / ((performance.now() - started) / 1000)
    if (performance.now() > deadline) throw new Error(`only ${now - before} of ${count} alerts arrived within a minute`)
  }
}

type Sink = Awaited<ReturnType<typeof startSink>>

async function outrider(sink: Sink, count: number, destination: Record<string, unknown>): Promise<number> {
  using home = folder()
  makeScript(home.path)
  writeAlerts(join(home.path, 'alerts.json'), count)
  await using runner = new Helper('runner.ts', [home.path, JSON.stringify([destination])])
  const measured = rate(count, sink.taken)
  const [result] = await Promise.all([measured, runner.answer()])
  // It has to know what it has delivered, too.
  while ((await runner.ask<Status>('status')).delivered[0]! < count) await wait(5)
  return result
}

async function syslogNg(sink: Sink, workers: number): Promise<number> {
  using home = folder()
  writeAlerts(join(home.path, 'alerts.json'), alerts)
  const peer = startSyslogNg(home.path, sink.url, workers)
  try {
    return await rate(alerts, sink.taken)
  } finally {
    await peer.stop()
  }
}

printMachine()
const sink = await startSink()
await using _ = sink.helper
const integratord = asIntegratord(sink.url)
const script = {
  place: { file: 'bench', line: 1 },
  name: 'custom-bench',
  hook_url: sink.url,
  level: 0,
  max_log: 165,
  alert_format: 'json',
  timeout: 10,
  retries: 3,
}
const scripts = await outrider(sink, scriptAlerts, { type: 'script', script, concurrency: 4 })

const version = syslogNgVersion()
const ours: number[] = []
const theirs = new Map<number, number>()
for (let round = 0; round < rounds; round++) {
  ours.push(await outrider(sink, alerts, { options: { hook_url: sink.url }, concurrency: 64 }))
  if (version === undefined) continue
  for (const workers of syslogNgWorkers)
    theirs.set(workers, Math.max(theirs.get(workers) ?? 0, await syslogNg(sink, workers)))
}

const perSecond = (value: number) => `${value.toFixed(value < 100 ? 1 : 0)} alerts/s`
const best = Math.max(...ours)
const rows: Row[] = [
  { what: `as integratord, ${scriptAlerts} alerts`, must: '', measured: perSecond(integratord) },
  { what: `Outrider, the same script, four at once`, must: '', measured: perSecond(scripts) },
  { what: `Outrider, webhook, ${alerts} alerts`, must: '', measured: perSecond(best) },
  {
    what: 'Outrider / integratord',
    must: '≥ 300',
    measured: (best / integratord).toFixed(0),
    ok: best / integratord >= 300,
  },
]
for (const [workers, value] of theirs)
  rows.push({ what: `syslog-ng ${version}, workers(${workers})`, must: '', measured: perSecond(value) })
if (version === undefined)
  rows.push({
    what: 'syslog-ng',
    must: '',
    measured: 'not installed: apt-get install syslog-ng-core syslog-ng-mod-http',
  })
else {
  const ratio = best / Math.max(...theirs.values())
  rows.push({ what: "Outrider / syslog-ng's best", must: '≥ 1', measured: ratio.toFixed(2), ok: ratio >= 1 })
}
printTable(rows)
