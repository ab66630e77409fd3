/**
 * kill -9 at random moments, also while it starts, with rotations of alerts.json in between and three of ten answers being 429, 500, a broken connection or none
 * at all. Lost: alerts that never arrive. Each of these is a daemon with a home of its own, all at once:
 *
 *   webhook, logrotate's names    alerts.json.1, .2.gz …
 *   webhook, Wazuh's days         2026/Jan/ossec-alerts-01.json, hard links, compressed later
 *   elasticsearch                 many alerts in one request, some refused by themselves
 *
 * node scripts/run.mjs bench/delivery-kills.ts [kills] [seed]
 */
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { seeded } from '../src/fakes/faults.ts'
import { type Daemon, spawnDaemon, startDaemon } from './delivery/daemon.ts'
import { startHostile } from './delivery/hostile.ts'
import { alertLine, folder, printMachine, printTable, type Row, wait } from './delivery/parts.ts'

const [kills = 200, seed = Math.floor(Math.random() * 2 ** 31)] = process.argv.slice(2).map(Number)
const alertsOfALife = 40

interface Log {
  write(text: string): void
  rotate(): void
}

/** As gzip does it: the new file is written beside the old one, gets its time, and then the old one goes. */
function compress(path: string): void {
  const { atime, mtime } = statSync(path)
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)))
  utimesSync(`${path}.gz`, atime, mtime)
  rmSync(path)
}

/** With `delaycompress`, logrotate's usual way. */
function logrotated(file: string): Log {
  let rotations = 0
  return {
    write: (text) => appendFileSync(file, text),
    rotate() {
      if (rotations > 0) compress(`${file}.1`)
      for (let n = rotations; n > 0; n--) renameSync(`${file}.${n}.gz`, `${file}.${n + 1}.gz`)
      renameSync(file, `${file}.1`)
      writeFileSync(file, '')
      rotations++
    },
  }
}

function wazuhDays(file: string): Log {
  let day = 0
  let path = ''
  const begin = () => {
    const [, month, date] = new Date(Date.UTC(2026, 0, ++day))
      .toUTCString()
      .split(' ')
      .toReversed()
      .slice(2) as string[]
    path = join(dirname(file), '2026', month!, `ossec-alerts-${date}.json`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
    rmSync(file, { force: true })
    linkSync(path, file)
  }
  begin()
  return {
    write: (text) => appendFileSync(path, text),
    rotate() {
      const old = path
      begin()
      compress(old)
    },
  }
}

interface Result {
  alerts: number
  kills: number
  rotations: number
  lost: number
  duplicates: number
  keys: number
  failed: number
  requests: number
}

async function torture(type: string, log: 'logrotate' | 'days', times: number, ownSeed: number): Promise<Result> {
  const random = seeded(ownSeed)
  const target = await startHostile(seeded(ownSeed + 1))
  using home = folder()
  const file = join(home.path, log === 'days' ? 'logs/alerts/alerts.json' : 'alerts.json')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '')
  const writer = log === 'days' ? wazuhDays(file) : logrotated(file)
  writeFileSync(
    join(home.path, 'outrider.yaml'),
    `listen: { port: 0 }\nengine: beside\nalerts: ${file}\ndestinations:\n  target: { type: ${type}, hook_url: '${target.url}', concurrency: 16, deadline: 1, from: start }\n`,
  )
  // `from: start` means the file that is there at the first start; what is rotated away before is not its business.
  const first = await startDaemon(home.path)
  await wait(500)
  await first.kill()
  let written = 0
  let rotations = 0
  for (let kill = 0; kill < times; kill++) {
    const daemon = spawnDaemon(home.path)
    let isDead = false
    // Some die while they start, the others at work.
    const dies = (random() < 0.2 ? wait(random() * 600) : daemon.ready.then(() => wait(random() * 600)))
      .then(() => daemon.kill())
      .finally(() => (isDead = true))
    daemon.ready.catch(() => {})
    for (const end = written + alertsOfALife; written < end || !isDead; await wait(random() * 40)) {
      if (written >= end) continue
      const piece = Array.from(
        { length: Math.min(10, end - written) },
        () => `${alertLine(written, { id: `${written++}.0` })}\n`,
      )
      writer.write(piece.join(''))
      if (random() < 0.1) {
        writer.rotate()
        rotations++
      }
    }
    await dies
  }
  const last = await startDaemon(home.path)
  await arrival(last, () => target.taken.size === written)
  await last.kill()
  target.close()
  const total = [...target.taken.values()].reduce((sum, count) => sum + count, 0)
  const keys = [...target.keys.values()].reduce((sum, each) => sum + each.size, 0)
  return {
    alerts: written,
    kills: times,
    rotations,
    lost: written - target.taken.size,
    duplicates: total - target.taken.size,
    keys: keys - target.taken.size,
    failed: target.failures,
    requests: target.requests,
  }
}

/** Until all are there, or nothing has come for a while. One that failed often waits for a minute by itself; asked for, as a person would, it need not. */
async function arrival(daemon: Daemon, isThere: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 60_000; !isThere() && performance.now() < deadline; await wait(500))
    await daemon.api('destinations/target/retry', {})
}

printMachine()
const started = performance.now()
const lanes = [
  ['webhook', 'logrotate'],
  ['webhook', 'days'],
  ['elasticsearch', 'days'],
  ['elasticsearch', 'logrotate'],
] as const
const results = await Promise.all(
  lanes.map(([type, log], n) => torture(type, log, Math.ceil(kills / lanes.length), seed + 10 * n)),
)
const sum = (field: keyof Result, from = results) => from.reduce((total, result) => total + result[field], 0)
const rows: Row[] = results.map(({ alerts, duplicates, lost }, n) => ({
  what: `${lanes[n]!.join(', ')}: ${alerts} alerts`,
  must: '',
  measured: `${lost} lost, ${duplicates} came again`,
}))
const failed = (100 * sum('failed')) / sum('requests')
printTable([
  ...rows,
  {
    what: `seed ${seed}, ${((performance.now() - started) / 1000).toFixed(0)} s`,
    must: '',
    measured: `${sum('kills')} kills, ${sum('rotations')} rotations, ${failed.toFixed(0)} % of ${sum('requests')} answers failed`,
  },
  { what: 'lost', must: '0', measured: String(sum('lost')), ok: sum('lost') === 0 },
  {
    what: 'came again, where keys are not heeded',
    must: 'counted',
    measured: `${sum('duplicates')} of ${sum('alerts')} alerts`,
  },
  { what: 'came again, where keys are heeded', must: '0', measured: String(sum('keys')), ok: sum('keys') === 0 },
])
