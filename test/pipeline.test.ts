/** Events to destinations: who gets what, and that nobody waits for another. */
import assert from 'node:assert/strict'
import { appendFileSync, cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { test } from 'node:test'
import type { DestinationStatus } from '../src/delivery/types.ts'
import { startWithFastClock } from './support/in-process.ts'
import { eventually, makeHome, projectRoot, readAlerts, startOutrider, waitFor } from './support/outrider.ts'
import { startTarget } from './support/target.ts'

const limits = { timeout: 180_000 }
const rules = `<group name="local,">
  <rule id="100001" level="3"><match>outrider-quiet</match><description>quiet</description><group>quiet,</group></rule>
  <rule id="100002" level="7"><match>outrider-loud</match><description>loud</description><group>loud,web,</group></rule>
  <rule id="100003" level="12"><match>outrider-alarm</match><description>alarm</description><group>loud,</group></rule>
</group>
`

const localfiles = (...locations: string[]) =>
  `<ossec_config>\n${locations.map((location) => `<localfile><log_format>syslog</log_format><location>${location}</location></localfile>\n`).join('')}</ossec_config>\n`

const lines = (word: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `outrider-${word} number=${from + n}\n`).join('')
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)
const numberOf = (text: string) => Number(/number=(\d+)/.exec(text)?.[1])
const numbersOf = ({ taken }: { taken: { body: string }[] }) => taken.map(({ body }) => numberOf(body))
const inOrder = (numbers: number[]) => [...new Set(numbers)].sort((a, b) => a - b)

test(
  'a destination that is down for an hour gets every alert when it is back; others do not wait for it',
  limits,
  async (t) => {
    let isDown = true
    let failures = 0
    const away = await startTarget(t, () => {
      if (!isDown) return { status: 200 }
      failures++
      return { status: 503 }
    })
    const other = await startTarget(t)
    const home = makeHome(t, {
      'etc/ossec.conf': localfiles('in.log'),
      'etc/rules/local_rules.xml': rules,
      'in.log': '',
      'outrider.yaml': `listen: { port: 0 }
destinations:
  away: { type: webhook, hook_url: ${away.url}/, group: local }
  other: { type: webhook, hook_url: ${other.url}/, group: local }
`,
    })
    const daemon = await startWithFastClock(t, home, 1000)
    const started = daemon.now()
    const minute = 60_000
    for (const n of range(0, 6)) {
      appendFileSync(join(home, 'in.log'), lines('loud', n * 50, n * 50 + 50))
      await eventually(home, () => numbersOf(other).length === n * 50 + 50)
      await eventually(home, () => daemon.now() > started + (n + 1) * 10 * minute)
    }
    // Not asked all the time, and not forgotten either.
    t.diagnostic(`asked ${failures} times within the hour`)
    assert.ok(failures > 10 && failures < 600, `asked ${failures} times`)
    assert.deepEqual(away.taken, [])
    isDown = false
    await eventually(home, () => inOrder(numbersOf(away)).length === 300)
    assert.deepEqual(inOrder(numbersOf(away)), range(0, 300))
    assert.equal(away.taken.length, 300, 'each once')
    const keys = new Set(away.taken.map(({ headers }) => headers['idempotency-key']))
    assert.equal(keys.size, 300)
    await daemon.stop()
  },
)

test('a script that hangs is ended with all that it started, and delays nobody', limits, async (t) => {
  const target = await startTarget(t)
  const home = makeHome(t, {
    'etc/ossec.conf': localfiles('in.log'),
    'etc/rules/local_rules.xml': rules,
    'integrations/custom-hangs': {
      // A grandchild that holds its output open, too, and neither heeds SIGTERM.
      text: '#!/bin/sh\ntrap "" TERM\nsh -c \'trap "" TERM; echo $$ >> pids.txt; while :; do sleep 1; done\' &\necho $$ >> pids.txt\nwait\n',
      mode: 0o750,
    },
    'integrations/custom-quick': {
      text: '#!/bin/sh\ngrep -o "number=[0-9]*" "$1" | head -1 >> quick.txt\n',
      mode: 0o750,
    },
    'in.log': '',
    'outrider.yaml': `listen: { port: 0 }
destinations:
  hangs: { type: script, name: custom-hangs, group: local, deadline: 2s }
  quick: { type: script, name: custom-quick, group: local }
  target: { type: webhook, hook_url: ${target.url}/, group: local }
`,
  })
  const outrider = await startOutrider(t, home)
  const read = (name: string) =>
    existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8').trim().split('\n') : []
  appendFileSync(join(home, 'in.log'), lines('loud', 0, 20))
  await eventually(home, () => read('pids.txt').length === 2)
  await eventually(home, () => numbersOf(target).length === 20 && read('quick.txt').length === 20)
  assert.deepEqual(read('quick.txt').map(numberOf), range(0, 20))
  const pids = read('pids.txt').slice(0, 2).map(Number)

  const hangs = () =>
    outrider
      .api<{ destinations: DestinationStatus[] }>('GET', 'destinations')
      .then(({ destinations }) => destinations.find(({ name }) => name === 'hangs')!)
  const status = await waitFor(async () => {
    const found = await hangs()
    return found.reason !== undefined && found
  })
  assert.match(status.reason!, /not done in time/)
  assert.equal(status.delivered, 0)
  await waitFor(async () => pids.every((pid) => !isAlive(pid)))
  assert.equal(await outrider.stop(), 0)
  for (const pid of read('pids.txt').map(Number)) assert.ok(!isAlive(pid), 'nothing of it is left behind')
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie is dead, and somebody else's business.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('each destination gets the alerts that it asked for, and no others', limits, async (t) => {
  const target = await startTarget(t)
  const words = { quiet: 3, loud: 7, alarm: 12 } as const
  type Word = keyof typeof words
  // What it asks for, and which alerts that means.
  const wanted: Record<string, [options: string, fits: (word: Word, file: string, n: number) => boolean]> = {
    all: ['group: local', () => true],
    level: ['group: local, level: 7', (word) => words[word] >= 7],
    rules: ['rule_id: [100001, 100003]', (word) => word !== 'loud'],
    group: ['group: [web, quiet]', (word) => word !== 'alarm'],
    // OS_Match: the text anywhere, unless it is anchored.
    location: [`group: local, event_location: 'two.log$'`, (_, file) => file === 'two'],
    not_location: [`group: local, event_location: '!two.log'`, (_, file) => file !== 'two'],
    where: [
      `group: local, where: 'rule.level >= 7 && full_log.endsWith("3")'`,
      (word, _, n) => words[word] >= 7 && n % 10 === 3,
    ],
    except: [`group: local, except: 'rule.id in ["100001", "100002"]'`, (word) => word === 'alarm'],
    both: [
      `level: 4, rule_id: [100001, 100002], where: 'location.endsWith("one.log")', except: 'full_log.contains("number=7")'`,
      (word, file, n) => word === 'loud' && file === 'one' && n !== 7 && Math.floor(n / 10) !== 7,
    ],
    nothing: ['rule_id: 999999', () => false],
  }
  const home = makeHome(t, {
    'etc/ossec.conf': localfiles('one.log', 'two.log'),
    'etc/rules/local_rules.xml': rules,
    'one.log': '',
    'two.log': '',
    'outrider.yaml': `listen: { port: 0 }\ndestinations:\n${Object.entries(wanted)
      .map(([name, [options]]) => `  ${name}: { type: webhook, hook_url: ${target.url}/${name}, ${options} }\n`)
      .join('')}`,
  })
  const outrider = await startOutrider(t, home)
  const expected: Record<string, number[]> = Object.fromEntries(Object.keys(wanted).map((name) => [name, []]))
  let n = 0
  for (const word of Object.keys(words) as Word[]) {
    for (const file of ['one', 'two']) {
      for (let count = 0; count < 20; count++, n++) {
        appendFileSync(join(home, `${file}.log`), lines(word, n, n + 1))
        for (const [name, [, fits]] of Object.entries(wanted)) if (fits(word, file, n)) expected[name]!.push(n)
      }
    }
  }
  const total = Object.values(expected).flat().length
  await eventually(home, () => target.taken.length >= total)
  const status = await waitFor(async () => {
    const { destinations } = await outrider.api<{ destinations: DestinationStatus[] }>('GET', 'destinations')
    return destinations.every(({ lag_bytes, waiting }) => lag_bytes === 0 && waiting === 0) && destinations
  })
  for (const [name, numbers] of Object.entries(expected)) {
    const got = numbersOf({ taken: target.taken.filter(({ path }) => path === `/${name}`) })
    assert.deepEqual(
      [...got].sort((a, b) => a - b),
      numbers,
      name,
    )
    assert.equal(status.find((one) => one.name === name)?.delivered, numbers.length, name)
  }
  assert.equal(await outrider.stop(), 0)
})

test(
  'a destination that is added later gets the alerts from then on, or from the start when it asks for them',
  limits,
  async (t) => {
    const target = await startTarget(t)
    const at = (path: string) => numbersOf({ taken: target.taken.filter((one) => one.path === path) })
    const settings = 'listen: { port: 0 }\ndestinations:\n'
    const add = (name: string, more = '') =>
      `  ${name}: { type: webhook, hook_url: ${target.url}/${name}, group: local${more} }\n`
    const home = makeHome(t, {
      'etc/ossec.conf': localfiles('in.log'),
      'etc/rules/local_rules.xml': rules,
      'in.log': '',
      'outrider.yaml': settings + add('first'),
    })
    const one = await startOutrider(t, home)
    appendFileSync(join(home, 'in.log'), lines('loud', 0, 10))
    await eventually(home, () => at('/first').length === 10)
    assert.equal(await one.stop(), 0)

    writeFileSync(join(home, 'outrider.yaml'), settings + add('first') + add('later') + add('whole', ', from: start'))
    // Events that wait are alerts after it was added.
    appendFileSync(join(home, 'in.log'), lines('loud', 10, 20))
    const two = await startOutrider(t, home)
    await eventually(home, () => at('/later').length >= 10 && at('/whole').length >= 20)
    appendFileSync(join(home, 'in.log'), lines('loud', 20, 30))
    await eventually(home, () => at('/first').length === 30 && at('/later').length === 20 && at('/whole').length === 30)
    assert.deepEqual(inOrder(at('/later')), range(10, 30))
    assert.deepEqual(inOrder(at('/whole')), range(0, 30))
    assert.equal(await two.stop(), 0)

    // Taken out and put back, it goes on where it was.
    writeFileSync(join(home, 'outrider.yaml'), settings + add('first'))
    const three = await startOutrider(t, home)
    appendFileSync(join(home, 'in.log'), lines('loud', 30, 40))
    await eventually(home, () => at('/first').length === 40)
    assert.equal(await three.stop(), 0)
    writeFileSync(join(home, 'outrider.yaml'), settings + add('first') + add('later'))
    const four = await startOutrider(t, home)
    await eventually(home, () => at('/later').length === 30)
    assert.deepEqual(inOrder(at('/later')), range(10, 40))
    assert.equal(await four.stop(), 0)
  },
)

test('an alert is at its destination within a second', limits, async (t) => {
  const target = await startTarget(t)
  const home = makeHome(t, {
    'etc/ossec.conf': localfiles('in.log'),
    'etc/rules/local_rules.xml': rules,
    'in.log': '',
    'outrider.yaml': `listen: { port: 0 }\ndestinations:\n  target: { type: webhook, hook_url: ${target.url}/, group: local }\n`,
  })
  const outrider = await startOutrider(t, home)
  const took: number[] = []
  for (let n = 0; n < 5; n++) {
    const started = performance.now()
    appendFileSync(join(home, 'in.log'), lines('loud', n, n + 1))
    await eventually(home, () => target.taken.length === n + 1)
    took.push(performance.now() - started)
  }
  t.diagnostic(`from the line in the file to the destination: ${took.map((ms) => `${Math.round(ms)} ms`).join(', ')}`)
  assert.ok(Math.min(...took) < 1000)
  assert.equal(await outrider.stop(), 0)
})

test('without a built console everything runs, and the page says how to build it', limits, async (t) => {
  const home = makeHome(t, { 'outrider.yaml': 'listen: { port: 0 }\n' })
  // The same program in another folder, as a clone is before its first build.
  const clone = makeHome(t)
  const built = join('console', 'dist')
  for (const name of ['src', 'ruleset', 'package.json', 'outrider.schema.json'])
    cpSync(join(projectRoot, name), join(clone, name), {
      recursive: true,
      filter: (path) => !path.includes(`${sep}${built}`) && !path.endsWith('.test.ts'),
    })
  symlinkSync(join(projectRoot, 'node_modules'), join(clone, 'node_modules'))
  const command = [process.execPath, join(clone, 'src/cli/main.ts'), '--home', home, 'up', '--json']
  const outrider = await startOutrider(t, home, { command })
  const signIn = await fetch(`${outrider.url}/?token=${outrider.token}`, { redirect: 'manual' })
  assert.equal(signIn.status, 303)
  const cookie = signIn.headers.get('set-cookie')!.split(';')[0]!
  const page = await fetch(outrider.url, { headers: { cookie } })
  assert.equal(page.status, 503)
  assert.match(await page.text(), /the console is not built[\s\S]*npm start/)
  const { status } = await outrider.api<{ status: { home: string } }>('GET', 'overview')
  assert.equal(status.home, home)
  assert.ok(await eventually(home, () => readAlerts(home).length > 0))
  assert.equal(await outrider.stop(), 0)
})
