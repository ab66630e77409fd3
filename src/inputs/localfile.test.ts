import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { LocalfileBlock } from '../config.ts'
import { isRead, type LocalfileOptions, openLocalfile } from './localfile.ts'
import { drain, type InputBench, localfile, makeBench, take } from './test-kit.ts'

const clock = Date.UTC(2026, 0, 31, 12)

async function open(
  t: TestContext,
  bench: InputBench,
  block: Partial<LocalfileBlock>,
  options: Partial<LocalfileOptions> = {},
) {
  const input = await openLocalfile({
    block: localfile({ location: 'a.log', ...block }),
    ...bench,
    now: () => clock,
    utc_offset: () => 0,
    hostname: 'web',
    announce: false,
    rescan_ms: 0,
    settle_ms: 0,
    ...options,
  })
  t.after(() => input.close())
  return input
}
const logs = (events: { log: string }[]) => events.map(({ log }) => log)

describe('a localfile', () => {
  test('gives each line as an event at the path of the file', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'a.log')
    writeFileSync(path, 'old\n')
    const input = await open(t, bench, {})
    appendFileSync(path, 'one\n\ntwo \xc3\xa9\r\n', 'latin1')
    assert.deepEqual(await take(input, bench.state, 2), [
      { log: 'one', location: path },
      { log: 'two \xc3\xa9\r', location: path },
    ])
  })

  test('begins at the start when only-future-events is no', async (t) => {
    const bench = makeBench(t)
    writeFileSync(join(bench.home, 'a.log'), 'old\n')
    const input = await open(t, bench, { only_future_events: false })
    assert.deepEqual(logs(await take(input, bench.state, 1)), ['old'])
  })

  test('reads a file that appears later from its start, also when it appears while nobody looks', async (t) => {
    const bench = makeBench(t)
    for (const location of ['later.log', 'later.*']) {
      const input = await open(t, bench, { location })
      await input.close()
    }
    writeFileSync(join(bench.home, 'later.log'), 'one\n')
    for (const location of ['later.log', 'later.*'])
      assert.deepEqual(logs(await take(await open(t, bench, { location }), bench.state, 1)), ['one'])
  })

  test('has a safe place as soon as it is open', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'a.log')
    writeFileSync(path, 'old\n')
    const input = await open(t, bench, {})
    appendFileSync(path, 'new\n')
    await input.close() // nothing was taken: as if killed
    assert.deepEqual(logs(await take(await open(t, bench, {}), bench.state, 1)), ['new'])
  })

  test('gives again what was not committed, and nothing that was', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'a.log')
    const first = await open(t, bench, {})
    writeFileSync(path, 'one\n')
    assert.deepEqual(logs(await take(first, bench.state, 1)), ['one'])
    appendFileSync(path, 'two\nthree\n')
    let batch = await first.next()
    while (batch!.events.length === 0) batch = await first.next()
    await first.close()
    const second = await open(t, bench, {})
    assert.deepEqual(logs(await take(second, bench.state, 2)), ['two', 'three'])
    await second.close()
    assert.deepEqual(await drain(await open(t, bench, {}), bench.state), [])
  })

  test('loses no place when the transaction fails', async (t) => {
    const bench = makeBench(t)
    writeFileSync(join(bench.home, 'a.log'), '')
    const first = await open(t, bench, {})
    appendFileSync(join(bench.home, 'a.log'), 'one\n')
    const batch = (await first.next())!
    assert.throws(() =>
      bench.state.transaction(() => {
        batch.commit()
        throw new Error('no')
      }),
    )
    await first.close()
    assert.deepEqual(logs(await take(await open(t, bench, {}), bench.state, 1)), ['one'])
  })

  test('drops what <ignore> matches and what <restrict> does not', async (t) => {
    const bench = makeBench(t)
    writeFileSync(join(bench.home, 'a.log'), 'cat\ndog\nbad cat\nhot dog\n')
    const input = await open(t, bench, {
      only_future_events: false,
      ignore: [{ type: 'pcre2', pattern: '^bad' }],
      restrict: [{ type: 'osmatch', pattern: 'cat|hot' }],
    })
    assert.deepEqual(await drain(input, bench.state), ['cat', 'hot dog'])
  })

  test('skips what holds a NUL byte, but reads the line after a hole', async (t) => {
    const bench = makeBench(t)
    writeFileSync(join(bench.home, 'a.log'), 'a\0b\n\0\0\0one\n')
    const input = await open(t, bench, { only_future_events: false })
    assert.deepEqual(await drain(input, bench.state), ['one'])
    assert.match(bench.logged.join(), /a\.log: the line at byte 0 is skipped: holds a NUL byte/)
  })

  test('writes the line anew by out_format', async (t) => {
    const bench = makeBench(t)
    writeFileSync(join(bench.home, 'a.log'), 'a "b" \xff\n', 'latin1')
    const format =
      '$(timestamp) $(timestamp %Y/%j) $(hostname) $(host_ip) $(location) $(json_escaped_log) $(base64_log) $(what) $(log'
    const input = await open(t, bench, { only_future_events: false, out_format: format }, { host_ip: '192.0.2.1' })
    assert.deepEqual(await drain(input, bench.state), [
      `Jan 31 12:00:00 2026/031 web 192.0.2.1 ${join(bench.home, 'a.log')} a \\"b\\" \xff YSAiYiIg/w==  $(log`,
    ])
    assert.match(bench.logged.join(), /<out_format>: "\$\(what\)" is not known/)
  })

  test('cuts a 20 MiB line with one message, and reads on', async (t) => {
    const bench = makeBench(t)
    writeFileSync(join(bench.home, 'a.log'), `one\n${'x'.repeat(20 << 20)}\ntwo\n`)
    const input = await open(t, bench, { only_future_events: false })
    const [one, long, two] = logs(await take(input, bench.state, 3))
    assert.deepEqual([one, two], ['one', 'two'])
    assert.equal(long, 'x'.repeat(65_278))
    assert.equal(bench.logged.length, 1)
  })

  test('tells about the file as logcollector does', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'a.log')
    writeFileSync(path, '')
    const input = await open(t, bench, {}, { announce: true })
    appendFileSync(path, 'one\n')
    await take(input, bench.state, 1)
    truncateSync(path)
    assert.deepEqual(await take(input, bench.state, 1), [
      { log: `ossec: File size reduced (inode remained): '${path}'.`, location: 'logcollector' },
    ])
    renameSync(path, `${path}.1`)
    writeFileSync(path, 'two\n')
    assert.deepEqual(logs(await take(input, bench.state, 2)), [
      `ossec: File rotated (inode changed): '${path}'.`,
      'two',
    ])
  })

  test('says what it waits for', async (t) => {
    const bench = makeBench(t)
    const input = await open(t, bench, {})
    assert.deepEqual(
      input.status().map(({ state, detail }) => [state, detail]),
      [['waiting', 'the file is not there yet']],
    )
    writeFileSync(join(bench.home, 'a.log'), 'one\n')
    await take(input, bench.state, 1)
    assert.deepEqual(
      input.status().map(({ state, events, last_event }) => [state, events, last_event]),
      [['ok', 1, clock]],
    )
  })

  test('lets its writer know when all is read', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'a.log')
    const input = await open(t, bench, { location: path }, { event_location: 'command_x' })
    writeFileSync(path, 'one\n')
    const { ino } = statSync(path)
    assert.equal(isRead(bench.state, path, String(ino), 4), false)
    assert.deepEqual(await take(input, bench.state, 1), [{ log: 'one', location: 'command_x' }])
    assert.equal(isRead(bench.state, path, String(ino), 4), true)
    assert.equal(isRead(bench.state, path, String(ino), 5), false)
  })
})

describe('a json localfile', () => {
  test('prints objects as cJSON does, adds labels, and skips what is none with a message each', async (t) => {
    const bench = makeBench(t)
    const lines = [
      '{ "a" : 1.50, "u":"\\u00e9\\/" }',
      'broken',
      '{"half":',
      '[1]',
      '',
      '{"b":1} trailing',
      '{"c":"x\ty"}',
    ]
    writeFileSync(join(bench.home, 'a.log'), `${lines.join('\n')}\n`)
    const input = await open(t, bench, {
      log_format: 'json',
      only_future_events: false,
      labels: [
        { key: 'site', value: 'é' },
        { key: 'a.deep', value: '1' },
      ],
    })
    assert.deepEqual(await drain(input, bench.state), [
      '{"a":1.5,"u":"\xc3\xa9/","site":"\xc3\xa9"}',
      '{"b":1,"site":"\xc3\xa9","a":{"deep":"1"}}',
      '{"c":"x\\ty","site":"\xc3\xa9","a":{"deep":"1"}}',
    ])
    assert.deepEqual(
      bench.logged.map((line) => Number(/at byte (\d+) is skipped: not a JSON object/.exec(line)?.[1])),
      [lines[0]!.length + 1, lines[0]!.length + 8, lines[0]!.length + 17],
    )
  })

  test('skips a long line whole, and not the one after the next, as logcollector would', async (t) => {
    const bench = makeBench(t)
    writeFileSync(join(bench.home, 'a.log'), `{"a":"${'x'.repeat(70_000)}"}\n{"b":1}\n{"c":1}\n`)
    const input = await open(t, bench, { log_format: 'json', only_future_events: false })
    assert.deepEqual(await drain(input, bench.state), ['{"b":1}', '{"c":1}'])
  })

  test('does not fill the log with messages', async (t) => {
    const bench = makeBench(t)
    writeFileSync(join(bench.home, 'a.log'), 'no json\n'.repeat(1000))
    const input = await open(t, bench, { log_format: 'json', only_future_events: false })
    await drain(input, bench.state)
    assert.equal(bench.logged.length, 11)
    assert.match(bench.logged.at(-1)!, /further lines/)
  })
})

describe('records of several lines', () => {
  test('join N lines, and keep the place before an unfinished record', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'a.log')
    writeFileSync(path, '1\n2\n3\n4\n5\n6\n7\n')
    const first = await open(t, bench, { log_format: 'multi-line:3', only_future_events: false })
    assert.deepEqual(await drain(first, bench.state), ['1 2 3', '4 5 6'])
    await first.close()
    appendFileSync(path, '8\n9\n')
    const second = await open(t, bench, { log_format: 'multi-line:3', only_future_events: false })
    assert.deepEqual(await drain(second, bench.state), ['7 8 9'])
  })

  for (const [match, pattern, wanted] of [
    ['start', '^\\d', ['1 a\tb\tc', '2 d']],
    ['end', 'b$|d$', ['1 a\tb', 'c\t2 d']],
    ['all', 'a[^]*c', ['1 a\tb\tc']],
  ] as const)
    test(`begin or end by a pattern: ${match}`, async (t) => {
      const bench = makeBench(t)
      let now = clock
      writeFileSync(join(bench.home, 'a.log'), '1 a\nb\nc\n2 d\n')
      const input = await open(
        t,
        bench,
        {
          log_format: 'multi-line-regex',
          only_future_events: false,
          multiline_regex: { pattern: pattern.replace('[^]', '[\\s\\S]'), match, replace: 'tab', timeout: 5 },
        },
        { now: () => now },
      )
      const done = match === 'start' ? wanted.slice(0, 1) : wanted
      assert.deepEqual(await drain(input, bench.state), done)
      now += 5000
      assert.deepEqual(await drain(input, bench.state), match === 'start' ? ['2 d'] : match === 'all' ? ['2 d'] : [])
    })

  test('of auditd with one id are one event', async (t) => {
    const bench = makeBench(t)
    let now = clock
    const lines = [
      'type=SYSCALL msg=audit(1.1:7): a',
      'type=CWD msg=audit(1.1:7): b',
      'noise',
      'type=EOE msg=audit(1.2:8): c',
      'node=x type=EOE msg=audit(1.2:8): d',
    ]
    writeFileSync(join(bench.home, 'a.log'), `${lines.join('\n')}\n`)
    const input = await open(t, bench, { log_format: 'audit', only_future_events: false }, { now: () => now })
    assert.deepEqual(await drain(input, bench.state), [`${lines[0]} ${lines[1]}`])
    now += 2000
    assert.deepEqual(await drain(input, bench.state), [lines[3]])
    assert.match(bench.logged[0]!, /is not an audit message/)
  })

  test('are lost by no crash, whichever lines were seen when', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'a.log')
    const block = { log_format: 'multi-line:2', only_future_events: false }
    const seen: string[] = []
    writeFileSync(path, '')
    for (let n = 0; n < 9; n++) {
      appendFileSync(path, `${n}\n`)
      const input = await open(t, bench, block)
      seen.push(...(await drain(input, bench.state)))
      await input.close()
    }
    assert.deepEqual(seen, ['0 1', '2 3', '4 5', '6 7'])
  })
})

describe('several files of one localfile', () => {
  test('are those of a pattern, new ones from their start, without the excluded and the compressed', async (t) => {
    const bench = makeBench(t)
    const put = (name: string, text: string) => appendFileSync(join(bench.home, name), text)
    mkdirSync(join(bench.home, 'x'))
    put('x/a.log', 'old\n')
    put('x/no.log', 'no\n')
    const input = await open(t, bench, { location: 'x/*', exclude: join(bench.home, 'x/no*') })
    put('x/a.log', 'new\n')
    put('x/b.log', 'first\n')
    put('x/c.gz', 'zip\n')
    put('x/.hidden', 'no\n')
    put('x/no.log', 'no\n')
    const events = await take(input, bench.state, 2)
    assert.deepEqual(events.map(({ log, location }) => [log, location.slice(bench.home.length)]).sort(), [
      ['first', '/x/b.log'],
      ['new', '/x/a.log'],
    ])
  })

  test('are not read twice when they are rotated to a name that the pattern also means', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'x', 'a.log')
    mkdirSync(join(bench.home, 'x'))
    writeFileSync(path, '')
    for (const restart of [false, true]) {
      const first = await open(t, bench, { location: 'x/*' })
      appendFileSync(path, 'one\n')
      assert.deepEqual(logs(await take(first, bench.state, 1)), ['one'])
      if (restart) await first.close()
      renameSync(path, `${path}.${restart ? 2 : 1}`)
      writeFileSync(path, 'two\n')
      const second = restart ? await open(t, bench, { location: 'x/*' }) : first
      assert.deepEqual(logs(await take(second, bench.state, 1)), ['two'])
      assert.deepEqual(await drain(second, bench.state), [])
      await second.close()
    }
  })

  test('are forgotten when they are removed, and read from their start when they come back', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'x.log')
    writeFileSync(path, '')
    const input = await open(t, bench, { location: 'x*' })
    appendFileSync(path, 'one\n')
    await take(input, bench.state, 1)
    unlinkSync(path)
    await drain(input, bench.state)
    assert.deepEqual(input.status(), [])
    assert.equal(bench.state.cursors(`localfile x* ${path}`).length, 0)
    writeFileSync(path, 'two\n')
    assert.deepEqual(logs(await take(input, bench.state, 1)), ['two'])
  })

  test('follow the date in their name, and the file of yesterday is read to its end', async (t) => {
    const bench = makeBench(t)
    let now = Date.UTC(2026, 0, 31, 21, 59)
    const put = (name: string, text: string) => appendFileSync(join(bench.home, name), text)
    const input = await open(t, bench, { location: 'a-%Y-%m-%d.log' }, { now: () => now, utc_offset: () => 120 })
    put('a-2026-01-31.log', 'one\n')
    assert.deepEqual(logs(await take(input, bench.state, 1)), ['one'])
    now += 60_000
    put('a-2026-02-01.log', 'two\n')
    assert.deepEqual(logs(await take(input, bench.state, 1)), ['two'])
    put('a-2026-01-31.log', 'late\n')
    assert.deepEqual(logs(await take(input, bench.state, 1)), ['late'])
    now += 700_000
    await drain(input, bench.state)
    assert.deepEqual(
      input.status().map(({ name }) => name),
      [join(bench.home, 'a-2026-02-01.log')],
    )
  })

  test('are left alone when they are older than <age>, and taken up again', async (t) => {
    const bench = makeBench(t)
    const path = join(bench.home, 'old.log')
    writeFileSync(path, 'old\n')
    const touch = (at: number) => utimesSync(path, at / 1000, at / 1000)
    touch(clock - 7200_000)
    const block = { location: '*.log', age: 3600 }
    const input = await open(t, bench, block)
    await drain(input, bench.state)
    assert.deepEqual(input.status(), [])
    appendFileSync(path, 'new\n')
    touch(clock)
    assert.deepEqual(logs(await take(input, bench.state, 1)), ['new'])
  })
})
