import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type FileCursor, follow } from '../durable/follow.ts'
import { alertsHistory, alertTime, type ReadAlertsOptions, readAlerts } from './alerts-days.ts'

describe('alerts of past days', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-days-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const alert = (id: string, timestamp: string) => `{"timestamp":"${timestamp}","rule":{"id":"${id}"}}\n`
  const put = (name: string, text: string) => {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, name.endsWith('.gz') ? gzipSync(Buffer.from(text, 'latin1')) : Buffer.from(text, 'latin1'))
    return path
  }
  const read = async (range: Partial<ReadAlertsOptions> = {}) => {
    const reading = readAlerts({ alerts_file: join(folder, 'alerts.json'), ...range })
    const ids: string[] = []
    for await (const alerts of reading) ids.push(...alerts.map(({ rule }) => rule.id))
    return { ids, ...reading.counts }
  }

  test('are read in order over years, months, parts and compressed files', async () => {
    const at = '2026-01-01T00:00:00.000+0000'
    put('2025/Dec/ossec-alerts-31.json.gz', alert('1', at))
    put('2025/Dec/ossec-alerts-31-001.json', alert('2', at))
    put('2026/Jan/ossec-alerts-02.json', alert('4', at))
    put('2026/Jan/ossec-alerts-01-010.json', alert('3', at))
    put('2026/Feb/ossec-alerts-01.json', alert('5', at))
    put('2026/Jan/ossec-alerts-01.json.sum', 'not alerts')
    put('2026/Jan/ossec-alerts-01.log', 'not alerts')
    const { ids, files, skipped } = await read()
    assert.deepEqual({ ids, files, skipped }, { ids: ['1', '2', '3', '4', '5'], files: 5, skipped: 0 })
  })

  test('are read once when a file is there plain and half compressed, or linked as alerts.json', async () => {
    const path = put('2026/Jan/ossec-alerts-01.json', alert('1', '2026-01-01T00:00:00.000+0000'))
    put('2026/Jan/ossec-alerts-01.json.gz', '')
    linkSync(path, join(folder, 'alerts.json'))
    assert.deepEqual((await read()).ids, ['1'])
  })

  test('are read from an alerts.json that stands alone', async () => {
    put('alerts.json', alert('1', '2026-01-01T00:00:00.000+0000'))
    assert.deepEqual((await read()).ids, ['1'])
    assert.deepEqual((await read({ alerts_file: join(folder, 'other.json') })).ids, [])
  })

  test('are those of the time range, whatever the zone of the manager', async () => {
    put(
      '2026/Jan/ossec-alerts-01.json',
      alert('1', '2026-01-01T23:30:00.000-1100') + alert('2', '2026-01-01T23:59:59.999-1100'),
    )
    put(
      '2026/Jan/ossec-alerts-03.json',
      alert('3', '2026-01-03T00:00:00.000+1300') + alert('4', '2026-01-03T01:00:00.000+1300'),
    )
    const from_ms = Date.parse('2026-01-02T10:59:59.999Z')
    assert.deepEqual((await read({ from_ms })).ids, ['2', '3', '4'])
    assert.deepEqual((await read({ from_ms, to_ms: from_ms + 2 })).ids, ['2', '3'])
    assert.deepEqual((await read({ to_ms: from_ms })).ids, ['1'])
  })

  test('do not cost the reading of files outside of the range', async () => {
    for (const day of ['01', '15', '28'])
      put(`2026/Jan/ossec-alerts-${day}.json`, alert(day, `2026-01-${day}T12:00:00.000+0000`))
    const range = { from_ms: Date.UTC(2026, 0, 15), to_ms: Date.UTC(2026, 0, 16) }
    const { ids, files } = await read(range)
    assert.deepEqual({ ids, files }, { ids: ['15'], files: 1 })
  })

  test('are read around broken lines, which are counted', async () => {
    const good = alert('1', '2026-01-01T00:00:00.000+0000')
    put(
      '2026/Jan/ossec-alerts-01.json',
      `${good}{"half\nnull\n[]\n{"no":"rule"}\n\0\0\n${good.replace('{', '{"full_log":"\xff",')}{"torn`,
    )
    const { ids, lines, skipped } = await read()
    assert.deepEqual({ ids, lines, skipped }, { ids: ['1', '1'], lines: 7, skipped: 5 })
  })

  test('are read as far as a damaged file allows, and on after it', async () => {
    const many = Array.from({ length: 20_000 }, (_, n) => alert(String(n), '2026-01-01T00:00:00.000+0000')).join('')
    const path = put('2026/Jan/ossec-alerts-01.json.gz', many)
    writeFileSync(path, readFileSync(path).subarray(0, 30_000))
    put('2026/Jan/ossec-alerts-02.json', alert('last', '2026-01-01T00:00:00.000+0000'))
    const { ids, damaged } = await read()
    assert.ok(ids.length > 100)
    assert.equal(ids.at(-1), 'last')
    assert.match(damaged.join(), /ossec-alerts-01\.json\.gz: /)
  })

  test('know their time', () => {
    assert.equal(alertTime({ timestamp: '2026-01-31T10:30:45.123+0530' }), Date.UTC(2026, 0, 31, 5, 0, 45, 123))
    assert.ok(Number.isNaN(alertTime({ timestamp: 'yesterday' })))
  })

  test('are found by a follower after monitord has compressed the file it was in', async () => {
    const line = (id: string) => alert(id, '2026-01-01T00:00:00.000+0000')
    const texts = async (follower: ReturnType<typeof follow>) => {
      const ids: string[] = []
      for (let batch = await follower.poll(); batch; batch = await follower.poll()) {
        ids.push(...batch.lines.map((text) => JSON.parse(text).rule.id))
        cursor = batch.cursor
      }
      return ids
    }
    const options = {
      path: join(folder, 'alerts.json'),
      from: 'start',
      settle_ms: 0,
      history: alertsHistory(join(folder, 'alerts.json')),
    } as const
    let cursor: FileCursor | undefined
    put('2025/Dec/ossec-alerts-31.json.gz', line('before'))
    let dated = put('2026/Jan/ossec-alerts-01.json', line('1'))
    linkSync(dated, options.path)
    {
      await using follower = follow(options)
      assert.deepEqual(await texts(follower), ['1'])
    }
    writeFileSync(dated, line('1') + line('2'))
    for (const [day, id] of [
      ['02', '3'],
      ['03', '4'],
    ] as const) {
      writeFileSync(`${dated}.gz`, gzipSync(readFileSync(dated)))
      unlinkSync(dated)
      unlinkSync(options.path)
      dated = put(`2026/Jan/ossec-alerts-${day}.json`, line(id))
      linkSync(dated, options.path)
    }
    await using follower = follow({ ...options, cursor })
    assert.deepEqual(await texts(follower), ['2', '3', '4'])
  })

  const golden = new URL('../../../shared/golden/alerts-file-sample.jsonl.gz', import.meta.url)
  test('that the real engine wrote are all understood', {
    skip: !hasFile(golden) && 'needs ../shared/golden',
  }, async () => {
    const [, ...lines] = gunzipSync(readFileSync(golden)).toString('latin1').trimEnd().split('\n')
    put('2026/Nov/ossec-alerts-20.json', `${lines.join('\n')}\n`)
    const { ids, skipped } = await read({ from_ms: Date.UTC(2026, 10, 20), to_ms: Date.UTC(2026, 10, 21) })
    assert.equal(ids.length, lines.length)
    assert.equal(skipped, 0)
  })
})

function hasFile(url: URL): boolean {
  try {
    readFileSync(url)
    return true
  } catch {
    return false
  }
}
