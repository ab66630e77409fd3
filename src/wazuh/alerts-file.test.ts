import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type FileCursor, follow } from '../durable/follow.ts'
import { alertsHistory } from './alerts-days.ts'
import { type AlertsFileOptions, openAlertsFile, type WritableAlert } from './alerts-file.ts'

const hour = 3600_000

describe('the alerts files', () => {
  let folder: string
  let clock: number
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-alerts-'))
    clock = Date.UTC(2026, 0, 31, 12)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const open = (options: Partial<AlertsFileOptions> = {}) =>
    openAlertsFile({
      folder: join(folder, 'alerts'),
      jsonout_output: true,
      alerts_log: true,
      rotate_interval: 0,
      max_output_size: 0,
      now: () => clock,
      utc_offset: () => 0,
      ...options,
    })
  const alert = (text: string): { decision: WritableAlert } => ({
    decision: {
      addJson: (to, offset) => to.add(`{"id":"1.${offset}","full_log":"${text}"}`),
      addText: (to, offset) => to.add(`** Alert 1.${offset}: - x,\n${text}\n\n`),
    },
  })
  const path = (name: string) => join(folder, 'alerts', name)
  const read = (name: string) => readFileSync(path(name), 'latin1')
  const inode = (name: string) => statSync(path(name)).ino
  const ids = (name: string) =>
    read(name)
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).id)

  test('stand in the folder of the month and under a short name, with the modes of Wazuh', async () => {
    await using file = open()
    await file.append([alert('a')])
    for (const kind of ['log', 'json']) {
      const dated = `2026/Jan/ossec-alerts-31.${kind}`
      assert.equal(inode(dated), inode(`alerts.${kind}`))
      assert.equal(statSync(path(dated)).nlink, 2)
      assert.equal(statSync(path(dated)).mode & 0o777, 0o640)
    }
    assert.equal(statSync(path('2026/Jan')).mode & 0o777, 0o750)
    assert.deepEqual(readdirSync(path('.')).sort(), ['2026', 'alerts.json', 'alerts.log'])
  })

  test('give an alert the place of its text in alerts.log as id', async () => {
    await using file = open()
    const lines = await file.append([alert('first'), alert('\xff')])
    await file.append([alert('third')])
    await file.append([])
    for (const [, at] of read('alerts.log').matchAll(/\*\* Alert 1\.(\d+)/g))
      assert.equal(read('alerts.log').slice(Number(at)).indexOf(`** Alert 1.${at}:`), 0)
    const offsets = [...read('alerts.log').matchAll(/\*\* /g)].map(({ index }) => `1.${index}`)
    assert.equal(offsets.length, 3)
    assert.deepEqual(ids('alerts.json'), offsets)
    assert.equal(read('alerts.json').split('\n').slice(0, 2).join(), lines.join())
  })

  test('take the place in alerts.json without alerts.log, which stays empty', async () => {
    await using file = open({ alerts_log: false })
    await file.append([alert('a'), alert('b')])
    await file.append([alert('c')])
    assert.equal(read('alerts.log'), '')
    const starts = [...read('alerts.json').matchAll(/\{/g)].map(({ index }) => `1.${index}`)
    assert.deepEqual(ids('alerts.json'), starts)
  })

  test('leave alerts.json out when it is switched off', async () => {
    await using file = open({ jsonout_output: false })
    const lines = await file.append([alert('a')])
    assert.equal(lines.length, 1)
    assert.ok(!existsSync(path('alerts.json')))
    assert.match(read('alerts.log'), /^\*\* Alert 1\.0/)
  })

  test('go on in the same file after a restart on the same day', async () => {
    await open().close()
    const before = inode('alerts.json')
    for (const text of ['a', 'b']) {
      await using file = open()
      await file.append([alert(text)])
    }
    assert.equal(inode('alerts.json'), before)
    assert.deepEqual(ids('alerts.json'), ['1.0', `1.${'** Alert 1.0: - x,\na\n\n'.length}`])
  })

  test('change at local midnight, with or without alerts', async () => {
    await using file = open({ utc_offset: () => 120 })
    await file.append([alert('a')])
    clock = Date.UTC(2026, 0, 31, 21, 59, 59, 999)
    await file.append([alert('b')])
    assert.equal(ids('2026/Jan/ossec-alerts-31.json').length, 2)
    clock += 1
    await file.rotate()
    assert.equal(read('alerts.json'), '')
    assert.equal(inode('alerts.json'), inode('2026/Feb/ossec-alerts-01.json'))
    await file.append([alert('c')])
    assert.deepEqual(ids('2026/Feb/ossec-alerts-01.json'), ['1.0'])
    assert.equal(ids('2026/Jan/ossec-alerts-31.json').length, 2)
  })

  test('remove the file of a day without alerts when the day is over', async () => {
    await using file = open()
    clock += 24 * hour
    await file.rotate()
    assert.deepEqual(readdirSync(path('2026/Jan')), [])
  })

  test('go back to the file of the day before when the clock does', async () => {
    await using file = open()
    await file.append([alert('a')])
    clock += 13 * hour
    await file.append([alert('b')])
    clock -= 2 * hour
    await file.append([alert('c')])
    assert.equal(ids('2026/Jan/ossec-alerts-31.json').length, 2)
    assert.equal(inode('alerts.json'), inode('2026/Jan/ossec-alerts-31.json'))
  })

  test('begin a new part after rotate_interval, when there is something in the old one', async () => {
    await using file = open({ rotate_interval: 3600 })
    clock += hour
    await file.rotate()
    assert.deepEqual(readdirSync(path('2026/Jan')).sort(), ['ossec-alerts-31.json', 'ossec-alerts-31.log'])
    await file.append([alert('a')])
    clock += hour
    await file.append([alert('b')])
    assert.deepEqual(ids('2026/Jan/ossec-alerts-31.json'), ['1.0'])
    assert.deepEqual(ids('2026/Jan/ossec-alerts-31-001.json'), ['1.0'])
    assert.equal(inode('alerts.log'), inode('2026/Jan/ossec-alerts-31-001.log'))
  })

  test('begin a new part over max_output_size, but not more often than min_rotate_interval', async () => {
    const options = { max_output_size: 30, min_rotate_interval: 600 }
    {
      await using file = open(options)
      await file.append([alert('0123456789')])
      await file.append([alert('a')])
      assert.ok(!existsSync(path('2026/Jan/ossec-alerts-31-001.json')))
      clock += 600_000
      await file.append([alert('0123456789')])
      assert.deepEqual(ids('2026/Jan/ossec-alerts-31-001.json'), ['1.0'])
    }
    // A restart goes on with the last part, or after it when that is too long.
    await using file = open(options)
    await file.append([alert('c'), alert('0123456789')])
    assert.equal(inode('alerts.json'), inode('2026/Jan/ossec-alerts-31-002.json'))
  })

  for (const kind of ['json', 'log'] as const)
    test(`lose nothing that was acknowledged, and hold no half alert, when alerts.${kind} is cut at any byte`, async () => {
      {
        await using file = open()
        await file.append([alert('acknowledged')])
      }
      const kept = read(`alerts.${kind}`)
      {
        await using file = open()
        await file.append([alert('under way')])
      }
      const full = read(`alerts.${kind}`)
      for (let cut = kept.length; cut <= full.length; cut++) {
        writeFileSync(path(`2026/Jan/ossec-alerts-31.${kind}`), full.slice(0, cut))
        await using file = open()
        await file.append([alert('after')])
        const text = read(`alerts.${kind}`)
        assert.ok(text.startsWith(cut === full.length ? full : kept), `cut at ${cut}`)
        const units = kind === 'json' ? text.match(/^\{.*\}$/gm)! : text.match(/^\*\* Alert .*\n.*\n$/gm)!
        assert.equal(units.length, cut === full.length ? 3 : 2, `cut at ${cut}`)
        assert.equal(`${units.join('\n')}\n`, text)
      }
    })

  test('heal the file of yesterday when they start again today', async () => {
    {
      await using file = open()
      await file.append([alert('a')])
    }
    appendFileSync(path('alerts.json'), '{"half')
    clock += 24 * hour
    await open().close()
    assert.deepEqual(ids('2026/Jan/ossec-alerts-31.json'), ['1.0'])
  })

  test('come back when somebody removes them', async () => {
    await using file = open()
    await file.append([alert('a')])
    rmSync(path('alerts.json'))
    await file.append([alert('b')])
    assert.equal(ids('alerts.json').length, 2)
    rmSync(path('.'), { recursive: true })
    await file.append([alert('c')])
    assert.deepEqual(ids('alerts.json'), ['1.0'])
  })

  test('can be tried again after a failure, and are whole then', async () => {
    await using file = open()
    await file.append([alert('a')])
    rmSync(path('.'), { recursive: true })
    writeFileSync(path(''), 'in the way')
    await assert.rejects(file.append([alert('b')]))
    rmSync(path(''))
    mkdirSync(path('.'))
    await file.append([alert('b')])
    assert.deepEqual(ids('alerts.json'), ['1.0'])
  })

  test('hold nothing of a batch that failed while it was put together', async () => {
    await using file = open()
    const broken: { decision: WritableAlert } = {
      decision: {
        addJson: (to) => {
          to.add('{"half')
          throw new Error('cannot be printed')
        },
        addText: () => {},
      },
    }
    await assert.rejects(file.append([alert('a'), broken]), /cannot be printed/)
    const lines = await file.append([alert('b'), alert('c')])
    assert.equal(read('alerts.json'), `${lines.join('\n')}\n`)
    assert.deepEqual(ids('alerts.json'), ['1.0', `1.${read('alerts.log').lastIndexOf('** Alert')}`])
  })

  test('keep many writers apart', async () => {
    await using file = open()
    await Promise.all(Array.from({ length: 200 }, (_, n) => file.append([alert(`${n}`), alert(`${n}`)])))
    const logs = read('alerts.json')
      .trimEnd()
      .split('\n')
      .map((line) => Number(JSON.parse(line).full_log))
    assert.deepEqual(
      logs,
      Array.from({ length: 400 }, (_, n) => n >> 1),
    )
    assert.equal(new Set(ids('alerts.json')).size, 400)
  })

  for (const look of [1, 2, 3, 5, 12])
    test(`are followed by their short name over days, parts and restarts, by a reader that looks after every ${look}th alert`, async () => {
      const seen: string[] = []
      let cursor: FileCursor | undefined
      {
        await using reader = follow({
          path: path('alerts.json'),
          from: 'end',
          history: alertsHistory(path('alerts.json')),
        })
        cursor = (await reader.next())!.cursor
      }
      for (let n = 0; n < 12; n++) {
        {
          await using file = open({ rotate_interval: 3600 })
          await file.append([alert(`${n}`)])
          clock += 7 * hour
          await file.rotate()
        }
        if ((n + 1) % look > 0 && n < 11) continue
        const history = alertsHistory(path('alerts.json'))
        await using reader = follow({ path: path('alerts.json'), cursor, from: 'end', settle_ms: 0, history })
        for (let batch = await reader.poll(); batch; batch = await reader.poll()) {
          cursor = batch.cursor
          seen.push(...batch.lines.map((line) => JSON.parse(line).full_log))
        }
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 12 }, (_, n) => `${n}`),
      )
    })
})
