/** What happens at midnight, with a clock that the test moves; and when the files that are followed are rotated. */
import assert from 'node:assert/strict'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { InputStatus } from '../src/api/parts.ts'
import { startWithClock } from './support/in-process.ts'
import { eventually, makeHome, readAlerts, startOutrider } from './support/outrider.ts'
import { rules } from './support/parts.ts'
import { startTarget } from './support/target.ts'

const limits = { timeout: 180_000 }
const localfile = (location: string) =>
  `<ossec_config>\n<localfile><log_format>syslog</log_format><location>${location}</location></localfile>\n</ossec_config>\n`

const linesOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `Jan 15 10:30:45 web app[1]: outrider-test number=${from + n}\n`).join('')
const numbersOf = (texts: (string | undefined)[]) =>
  texts.flatMap((text) => {
    const number = /number=(\d+)/.exec(text ?? '')?.[1]
    return number === undefined ? [] : [Number(number)]
  })
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)
const numbersIn = (home: string, file?: string) => numbersOf(readAlerts(home, file).map(({ full_log }) => full_log))

// ------------------------------------------------------------------------------------------------------------------- midnight

const seconds = 1000
const minutes = 60 * seconds

/** Every alert's id is its second and the place of its text in the alerts.log of the same day. */
function assertIdsFit(home: string, day: string): void {
  const text = readFileSync(join(home, `${day}.log`), 'latin1')
  const alerts = readAlerts(home, `${day}.json`)
  for (const { id, timestamp } of alerts) {
    const [second, offset] = id!.split('.')
    assert.ok(text.startsWith(`** Alert ${id}:`, Number(offset)), `${day}: ${id}`)
    assert.equal(new Date(Number(second) * 1000).toISOString().slice(0, 19), toUtc(timestamp!).slice(0, 19))
  }
  assert.equal(text.match(/^\*\* Alert /gm)?.length, alerts.length)
}

const toUtc = (timestamp: string) => new Date(timestamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')).toISOString()
const inode = (path: string) => statSync(path).ino

for (const [zone, midnight] of [
  ['UTC', '2026-02-01T00:00:00Z'],
  ['Asia/Kolkata', '2026-01-31T18:30:00Z'],
  ['America/St_Johns', '2026-02-01T03:30:00Z'],
] as const) {
  test(
    `at midnight in ${zone} alerts go to the file of the new day, and a destination that was down gets both days`,
    limits,
    async (t) => {
      const before = process.env.TZ
      process.env.TZ = zone
      t.after(() => {
        if (before === undefined) delete process.env.TZ
        else process.env.TZ = before
      })
      let isDown = true
      const down = await startTarget(t, () => ({ status: isDown ? 503 : 200 }))
      const up = await startTarget(t)
      const home = makeHome(t, {
        'etc/ossec.conf': localfile('in.log'),
        'etc/rules/local_rules.xml': rules,
        'in.log': '',
        'outrider.yaml': `listen: { port: 0 }
destinations:
  down: { type: webhook, hook_url: ${down.url}/, rule_id: 100001, concurrency: 1 }
  up: { type: webhook, hook_url: ${up.url}/, rule_id: 100001, concurrency: 1 }
`,
      })
      const clock = { at: Date.parse(midnight) - 2 * seconds }
      const daemon = await startWithClock(t, home, clock)
      const got = ({ taken }: typeof up) => numbersOf(taken.map(({ body }) => JSON.parse(body).full_log))
      const write = async (from: number, to: number) => {
        appendFileSync(join(home, 'in.log'), linesOf(from, to))
        await eventually(home, () => got(up).length === to)
      }
      const folder = 'logs/alerts/2026'
      const january = `${folder}/Jan/ossec-alerts-31`
      const february = `${folder}/Feb/ossec-alerts-01`
      const assertLinked = (day: string) => {
        for (const kind of ['json', 'log'])
          assert.equal(
            inode(join(home, `logs/alerts/alerts.${kind}`)),
            inode(join(home, `${day}.${kind}`)),
            `${day}.${kind}`,
          )
      }

      await write(0, 40)
      assertLinked(january)
      clock.at = Date.parse(midnight) - 1
      await write(40, 80)
      assertLinked(january)
      // Without any alert: analysisd looks once a second, and so do we.
      clock.at = Date.parse(midnight)
      await eventually(home, () => existsSync(join(home, `${february}.json`)))
      assertLinked(february)
      await write(80, 120)
      clock.at += 40 * minutes
      await write(120, 160)

      assert.deepEqual(numbersIn(home, `${january}.json`), range(0, 80))
      assert.deepEqual(numbersIn(home, `${february}.json`), range(80, 160))
      assert.deepEqual(got(up), range(0, 160))
      for (const day of [january, february]) assertIdsFit(home, day)
      const offset = /T\d\d:\d\d:\d\d\.\d{3}([+-]\d{4})$/.exec(readAlerts(home, `${february}.json`)[0]!.timestamp!)?.[1]
      assert.equal(offset, { UTC: '+0000', 'Asia/Kolkata': '+0530', 'America/St_Johns': '-0330' }[zone])

      assert.deepEqual(got(down), [])
      isDown = false
      clock.at += 30 * minutes
      await eventually(home, () => new Set(got(down)).size === 160)
      assert.deepEqual(
        [...got(down)].sort((a, b) => a - b),
        range(0, 160),
        'each once',
      )
      await daemon.stop()
      assert.deepEqual(
        daemon.log.filter((message) => /lost|gone|damaged|truncated/.test(message)),
        [],
      )
    },
  )
}

test('a destination that was down gets what the days before brought, after a restart days later', limits, async (t) => {
  let isDown = true
  const target = await startTarget(t, () => ({ status: isDown ? 503 : 200 }))
  const home = makeHome(t, {
    'etc/ossec.conf': localfile('in.log'),
    'etc/rules/local_rules.xml': rules,
    'in.log': '',
    'outrider.yaml': `listen: { port: 0 }\ndestinations:\n  target: { type: webhook, hook_url: ${target.url}/, rule_id: 100001 }\n`,
  })
  const clock = { at: Date.UTC(2026, 11, 30, 12) }
  for (const day of range(0, 3)) {
    const daemon = await startWithClock(t, home, clock)
    appendFileSync(join(home, 'in.log'), linesOf(day * 30, day * 30 + 30))
    await eventually(home, () => numbersIn(home).length === 30)
    await daemon.stop()
    clock.at += 24 * 60 * minutes
  }
  isDown = false
  const daemon = await startWithClock(t, home, clock)
  const got = () => numbersOf(target.taken.map(({ body }) => JSON.parse(body).full_log))
  await eventually(home, () => new Set(got()).size === 90)
  assert.deepEqual(
    [...new Set(got())].sort((a, b) => a - b),
    range(0, 90),
  )
  assert.deepEqual(
    readdirSync(join(home, 'logs/alerts/2026/Dec')).filter((name) => name.endsWith('.json')),
    ['ossec-alerts-30.json', 'ossec-alerts-31.json'],
  )
  assert.deepEqual(numbersIn(home, 'logs/alerts/2027/Jan/ossec-alerts-01.json'), range(60, 90))
  await daemon.stop()
})

// ------------------------------------------------------------------------------------------------------------------ log rotation

async function startFollowing(t: TestContext, location: string, files: Record<string, string> = {}) {
  const home = makeHome(t, {
    'etc/ossec.conf': localfile(location),
    'etc/rules/local_rules.xml': rules,
    'outrider.yaml': 'listen: { port: 0 }\n',
    ...files,
  })
  const at = (name: string) => join(home, name)
  const arrived = (count: number) => eventually(home, () => numbersIn(home).length >= count)
  return { home, at, arrived, outrider: await startOutrider(t, home) }
}

test(
  'a log file that is rotated by renaming is read on from where it was, and gives each line once',
  limits,
  async (t) => {
    const { home, at, arrived, outrider } = await startFollowing(t, 'in.log', { 'in.log': 'outrider-test old\n' })
    // As logrotate names them: the newest is .1.
    const rotate = () => {
      for (const older of [4, 3, 2, 1]) {
        if (existsSync(at(`in.log.${older}`))) renameSync(at(`in.log.${older}`), at(`in.log.${older + 1}`))
      }
      renameSync(at('in.log'), at('in.log.1'))
    }
    let n = 0
    for (let rotation = 0; rotation < 3; rotation++) {
      appendFileSync(at('in.log'), linesOf(n, (n += 20)))
      rotate()
      // By a writer that has not noticed it, and into the new file.
      appendFileSync(at('in.log.1'), linesOf(n, (n += 5)))
      writeFileSync(at('in.log'), linesOf(n, (n += 5)))
      await arrived(n)
    }
    assert.deepEqual(numbersIn(home), range(0, n))

    // The same while it is down, twice.
    await outrider.kill()
    for (let rotation = 0; rotation < 2; rotation++) {
      appendFileSync(at('in.log'), linesOf(n, (n += 5)))
      rotate()
      writeFileSync(at('in.log'), linesOf(n, (n += 5)))
    }
    const again = await startOutrider(t, home)
    // What was under way at the kill comes twice.
    const different = () => [...new Set(numbersIn(home))].sort((a, b) => a - b)
    await eventually(home, () => different().length >= n)
    assert.deepEqual(different(), range(0, n))
    assert.equal(await again.stop(), 0)
  },
)

test(
  'a log file that is truncated is read from its start, and what was copied before is not read twice',
  limits,
  async (t) => {
    const { home, at, arrived, outrider } = await startFollowing(t, 'in.log', { 'in.log': '' })
    appendFileSync(at('in.log'), linesOf(0, 20))
    await arrived(20)
    // logrotate's copytruncate.
    copyFileSync(at('in.log'), at('in.log.1'))
    truncateSync(at('in.log'), 0)
    appendFileSync(at('in.log'), linesOf(20, 25))
    await arrived(25)
    // Written anew, and longer than what was read.
    writeFileSync(at('in.log'), linesOf(25, 80))
    await arrived(80)
    assert.deepEqual(numbersIn(home), range(0, 80))
    assert.equal(await outrider.stop(), 0)
  },
)

test('a file that appears later, with its folder, is read from its start', limits, async (t) => {
  const { home, at, arrived, outrider } = await startFollowing(t, 'later/in.log', {})
  const { inputs } = await outrider.api<{ inputs: InputStatus[] }>('GET', 'inputs')
  assert.deepEqual(
    inputs.filter(({ name }) => name.includes('later')).map(({ state, detail }) => [state, detail]),
    [['waiting', 'the file is not there yet']],
  )
  mkdirSync(at('later'))
  writeFileSync(at('later/in.log'), linesOf(0, 10))
  await arrived(10)
  appendFileSync(at('later/in.log'), linesOf(10, 12))
  await arrived(12)
  assert.deepEqual(numbersIn(home), range(0, 12))
  assert.equal(await outrider.stop(), 0)
})

test('a wildcard takes the files that are there, those that come, and those that were rotated', limits, async (t) => {
  const { home, at, arrived, outrider } = await startFollowing(t, 'apps/*.log', {
    'apps/one.log': linesOf(900, 910),
    'apps/two.log': '',
    'apps/three.txt': linesOf(910, 920),
  })
  const inputs = async () => {
    const { inputs } = await outrider.api<{ inputs: InputStatus[] }>('GET', 'inputs')
    return inputs
      .filter(({ name }) => name.includes('apps/'))
      .map(({ name, state, events }) => [name, state, events])
      .sort()
  }
  assert.deepEqual(await inputs(), [
    [at('apps/one.log'), 'ok', 0],
    [at('apps/two.log'), 'ok', 0],
  ])
  appendFileSync(at('apps/one.log'), linesOf(0, 10))
  appendFileSync(at('apps/two.log'), linesOf(10, 20))
  appendFileSync(at('apps/three.txt'), linesOf(920, 930))
  writeFileSync(at('apps/new.log'), linesOf(20, 30))
  await arrived(30)
  assert.deepEqual(
    await inputs(),
    ['new', 'one', 'two'].map((name) => [at(`apps/${name}.log`), 'ok', 10]),
  )
  renameSync(at('apps/one.log'), at('apps/one.log.1'))
  appendFileSync(at('apps/one.log.1'), linesOf(30, 35))
  writeFileSync(at('apps/one.log'), linesOf(35, 40))
  await arrived(40)
  assert.deepEqual(
    numbersIn(home).sort((a, b) => a - b),
    range(0, 40),
  )
  const places = new Set(
    readAlerts(home).flatMap(({ location, full_log }) => (full_log?.includes('number=') ? [location] : [])),
  )
  assert.deepEqual(
    [...places].sort(),
    ['new', 'one', 'two'].map((name) => at(`apps/${name}.log`)),
  )
  assert.equal(await outrider.stop(), 0)
})
