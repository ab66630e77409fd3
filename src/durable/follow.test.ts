import assert from 'node:assert/strict'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type FileCursor, type Follower, type FollowOptions, follow, type Notice } from './follow.ts'
import { type History, siblings } from './history.ts'

describe('following a file', () => {
  let folder: string
  let path: string
  let notices: Notice[]
  let open: Follower[]
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-follow-'))
    path = join(folder, 'a.log')
    notices = []
    open = []
  })
  afterEach(async () => {
    for (const follower of open) await follower.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const start = (options: Partial<FollowOptions> = {}): Follower => {
    const follower = follow({ path, from: 'start', settle_ms: 0, report: (notice) => notices.push(notice), ...options })
    open.push(follower)
    return follower
  }
  const append = (text: string) => appendFileSync(path, text, 'latin1')
  /** All that is there now, and the place after it. */
  const all = async (follower: Follower): Promise<{ lines: string[]; cursor?: FileCursor }> => {
    const lines: string[] = []
    let cursor: FileCursor | undefined
    for (let batch = await follower.poll(); batch; batch = await follower.poll()) {
      lines.push(...batch.lines)
      cursor = batch.cursor
    }
    return { lines, cursor }
  }
  const lines = async (follower: Follower) => (await all(follower)).lines
  const rotate = (to = `${path}.1`) => {
    for (let n = 8; n >= 1; n--)
      if (to === `${path}.1` && existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`)
    renameSync(path, to)
  }

  test('gives its place at once, then each line when its end is there', async () => {
    append('a\nb')
    const follower = start()
    assert.deepEqual((await follower.next())!.lines, [])
    assert.deepEqual((await follower.next())!.lines, ['a'])
    assert.equal(await follower.poll(), undefined)
    append('b\n\nc\n')
    assert.deepEqual((await follower.next())!.lines, ['bb', '', 'c'])
  })

  test('begins with the line that is being written when it begins at the end', async () => {
    append('old\nhalf')
    const follower = start({ from: 'end' })
    assert.deepEqual(await lines(follower), [])
    append(' whole\nnew\n')
    assert.deepEqual(await lines(follower), ['half whole', 'new'])
  })

  test('reads a file that appears later from its start, although it begins at the end', async () => {
    path = join(folder, 'later', 'a.log')
    const follower = start({ from: 'end' })
    const { cursor } = await all(follower)
    mkdirSync(join(folder, 'later'))
    append('a\n')
    assert.deepEqual(await lines(follower), ['a'])
    assert.deepEqual(await lines(start({ cursor, from: 'end' })), ['a'])
  })

  test('wakes up when something is written, and when it is aborted or closed', async () => {
    append('')
    const follower = start({ poll_ms: 60_000 })
    await all(follower)
    const next = follower.next()
    append('a\n')
    assert.deepEqual((await next)!.lines, ['a'])
    const abort = new AbortController()
    const aborted = follower.next(abort.signal)
    abort.abort()
    assert.equal(await aborted, undefined)
    const closed = follower.next()
    await follower.close()
    assert.equal(await closed, undefined)
  })

  test('wakes up for a write through another hard link, as analysisd does it', async () => {
    mkdirSync(join(folder, 'dated'))
    writeFileSync(join(folder, 'dated', 'b'), '')
    linkSync(join(folder, 'dated', 'b'), path)
    const follower = start({ poll_ms: 60_000 })
    await all(follower)
    const next = follower.next()
    appendFileSync(join(folder, 'dated', 'b'), 'a\n')
    assert.deepEqual((await next)!.lines, ['a'])
  })

  test('passes NUL bytes, bad UTF-8 and carriage returns through', async () => {
    append('a\0b\n\xff\xfe\xc3\n\r\n')
    assert.deepEqual(await lines(start()), ['a\0b', '\xff\xfe\xc3', '\r'])
  })

  test('goes on at every line of a file after a restart', async () => {
    append(Array.from({ length: 50 }, (_, n) => `${'x'.repeat(n)}${n}\n`).join(''))
    const first = start()
    await first.next()
    const batch = (await first.next())!
    assert.equal(batch.lines.length, 50)
    for (let count = 0; count <= 50; count++)
      assert.deepEqual(await lines(start({ cursor: batch.after(count) })), batch.lines.slice(count))
    assert.deepEqual(batch.after(50), batch.cursor)
    assert.deepEqual(notices, [])
  })

  test('keeps a cursor at the start of a line however the file was cut when it was read', async () => {
    const text = 'first\nsecond\nthird\n'
    for (let cut = 0; cut <= text.length; cut++) {
      writeFileSync(path, text.slice(0, cut))
      const before = start()
      const seen = await all(before)
      await before.close()
      append(text.slice(cut))
      const after = await lines(start({ cursor: seen.cursor }))
      assert.deepEqual([...seen.lines, ...after], ['first', 'second', 'third'], `cut at ${cut}`)
    }
  })

  test('reads what a large file holds in pieces, and forgets nothing', async () => {
    const many = Array.from({ length: 60_000 }, (_, n) => `${n} ${'y'.repeat(n % 40)}`)
    append(many.map((line) => `${line}\n`).join(''))
    const follower = start()
    const seen: string[] = []
    const cursors: FileCursor[] = []
    for (let batch = await follower.poll(); batch; batch = await follower.poll()) {
      seen.push(...batch.lines)
      cursors.push(batch.cursor)
    }
    assert.deepEqual(seen, many)
    assert.ok(cursors.length > 3)
    const rest = await lines(start({ cursor: cursors[2] }))
    assert.ok(rest.length > 0 && rest.length < many.length)
    assert.deepEqual(rest, many.slice(-rest.length))
  })

  describe('long lines', () => {
    test('skips a 20 MiB line with one message that says where, and nothing else', async () => {
      append('a\n')
      append(`${'x'.repeat(20 << 20)}\nb\n`)
      assert.deepEqual(await lines(start()), ['a', 'b'])
      assert.equal(notices.length, 1)
      assert.equal(notices[0]!.offset, 2)
      assert.match(
        notices[0]!.message,
        /a\.log: the line at byte 2 is 20971520 bytes long, at most 65278 are taken; it is skipped/,
      )
    })

    test('cuts it when asked', async () => {
      append('12345678\n1234567\nabc')
      const follower = start({ max_line_bytes: 7, long_lines: 'cut' })
      assert.deepEqual(await lines(follower), ['1234567', '1234567'])
      append('defghijkl')
      assert.deepEqual(await lines(follower), [])
      append('\nz\n')
      assert.deepEqual(await lines(follower), ['abcdefg', 'z'])
      assert.deepEqual(
        notices.map(({ kind, offset }) => [kind, offset]),
        [
          ['long line', 0],
          ['long line', 17],
        ],
      )
    })

    test('begins with it again when it was not at its end', async () => {
      append('a\n0123456')
      const first = start({ max_line_bytes: 4 })
      const { cursor } = await all(first)
      append('789\nb\n')
      assert.deepEqual(await lines(start({ max_line_bytes: 4, cursor })), ['b'])
      assert.equal(notices[0]!.offset, 2)
    })
  })

  describe('rotation by rename', () => {
    test('finishes the old file before the new one, while it reads', async () => {
      append('a\n')
      const follower = start()
      assert.deepEqual(await lines(follower), ['a'])
      append('b\n')
      rotate()
      appendFileSync(`${path}.1`, 'late\n')
      append('c\n')
      assert.deepEqual(await lines(follower), ['b', 'late', 'c'])
      assert.deepEqual(
        notices.map(({ kind }) => kind),
        ['rotated'],
      )
    })

    test('gives the writer time to finish in the old file', async () => {
      append('a\n')
      const follower = start({ settle_ms: 100, poll_ms: 5 })
      await all(follower)
      rotate()
      append('c\n')
      assert.deepEqual(await lines(follower), [])
      appendFileSync(`${path}.1`, 'late\n')
      assert.deepEqual((await follower.next())!.lines, ['late'])
      assert.deepEqual((await follower.next())!.lines, [])
      assert.deepEqual((await follower.next())!.lines, ['c'])
    })

    test('takes the unfinished last line of the old file for whole', async () => {
      append('a\nhalf')
      const follower = start()
      assert.deepEqual(await lines(follower), ['a'])
      rotate()
      append('b\n')
      assert.deepEqual(await lines(follower), ['half', 'b'])
    })

    test('waits in the old file while there is no new one', async () => {
      append('a\n')
      const follower = start()
      await all(follower)
      rotate()
      appendFileSync(`${path}.1`, 'b\n')
      assert.deepEqual(await lines(follower), ['b'])
      append('c\n')
      assert.deepEqual(await lines(follower), ['c'])
    })

    for (const restart of [false, true]) {
      test(`loses nothing of several rotations while nobody reads${restart ? ', over a restart' : ''}`, async () => {
        append('a\n')
        const before = start()
        const { cursor } = await all(before)
        append('b\n')
        for (const line of ['c', 'd', 'e']) {
          rotate()
          append(`${line}\n`)
        }
        const follower = restart ? start({ cursor }) : before
        assert.deepEqual(await lines(follower), ['b', 'c', 'd', 'e'])
        append('f\n')
        assert.deepEqual(await lines(follower), ['f'])
      })

      test(`does not read an old file that was there before${restart ? ', over a restart' : ''}`, async () => {
        append('old\n')
        rotate()
        append('a\n')
        const before = start()
        const { cursor } = await all(before)
        rotate()
        append('b\n')
        assert.deepEqual(await lines(restart ? start({ cursor }) : before), ['b'])
      })
    }

    test('goes on in a compressed file at the right byte', async () => {
      append('a\nb\n')
      const first = start()
      await first.next()
      const cursor = (await first.next())!.after(1)
      await first.close()
      append('c\n')
      const { mtime } = statSync(path)
      writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(path)))
      utimesSync(`${path}.1.gz`, mtime, mtime)
      unlinkSync(path)
      append('d\n')
      assert.deepEqual(await lines(start({ cursor })), ['b', 'c', 'd'])
      assert.deepEqual(
        notices.map(({ kind }) => kind),
        ['rotated'],
      )
    })

    test('does not read its own file again when that is compressed while it is open', async () => {
      append('a\n')
      const follower = start()
      await all(follower)
      writeFileSync(`${path}-20260101.gz`, gzipSync(readFileSync(path)))
      unlinkSync(path)
      append('b\n')
      assert.deepEqual(await lines(follower), ['b'])
    })

    test('goes on after a cursor inside a compressed file', async () => {
      append('a\n')
      const { cursor } = await all(start())
      for (const [name, line] of [
        ['2', 'b\nc\n'],
        ['1', 'd\n'],
      ]) {
        writeFileSync(`${path}.${name}.gz`, gzipSync(line!))
        const later = new Date(Date.now() + (name === '2' ? 1000 : 2000))
        utimesSync(`${path}.${name}.gz`, later, later)
      }
      const first = start({ cursor })
      unlinkSync(path)
      append('e\n')
      let batch = await first.next()
      while (batch!.lines.length === 0) batch = await first.next()
      assert.deepEqual(batch!.lines, ['b', 'c'])
      for (const count of [0, 1, 2])
        assert.deepEqual(await lines(start({ cursor: batch!.after(count) })), ['b', 'c', 'd', 'e'].slice(count))
    })

    /** As logrotate does it with delaycompress; a time that is set by a program has no more than milliseconds. */
    let rotations = 0
    function logrotate(): void {
      // Files that were written within one tick of the clock are another matter.
      const time = Date.now() / 1000 + ++rotations + 0.0005
      utimesSync(path, time, time)
      if (existsSync(`${path}.1`)) {
        const { mtime } = statSync(`${path}.1`)
        writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(`${path}.1`)))
        utimesSync(`${path}.1.gz`, mtime, mtime)
        unlinkSync(`${path}.1`)
      }
      for (let n = 8; n >= 1; n--)
        if (existsSync(`${path}.${n}.gz`)) renameSync(`${path}.${n}.gz`, `${path}.${n + 1}.gz`)
      renameSync(path, `${path}.1`)
      writeFileSync(path, '')
    }

    test('a rotated file that was left in the middle, or just opened, is found after it was compressed and numbered anew', async () => {
      append('a\n')
      const { cursor: place } = await all(start())
      logrotate()
      append('b\nc\nd\n')
      logrotate()
      const follower = start({ cursor: place })
      const cursors: FileCursor[] = []
      for (let batch = await follower.poll(); batch; batch = await follower.poll())
        for (let count = 0; count <= batch.lines.length; count++)
          if (batch.file === `${path}.1`) cursors.push(batch.after(count))
      await follower.close()
      // Just opened, and after 0, 1, 2 and 3 of its lines.
      assert.equal(cursors.length, 5)
      append('e\n')
      logrotate()
      append('f\n')
      const left = ['b', 'c', 'd', 'e', 'f']
      for (const [n, cursor] of cursors.entries())
        assert.deepEqual(await lines(start({ cursor })), left.slice(Math.max(0, n - 1)), `cursor ${n}`)
      assert.deepEqual(
        notices.filter(({ kind }) => kind !== 'rotated'),
        [],
      )
    })

    test('a rotation between two looks at the folder makes it skip nothing', async () => {
      for (let rotateAt = 1; rotateAt <= 8; rotateAt++) {
        append('a\n')
        const { cursor } = await all(start())
        for (const line of ['b', 'c', 'd']) {
          logrotate()
          append(`${line}\n`)
        }
        const history = siblings(path)
        let looks = 0
        const racing: History = {
          ...history,
          list() {
            const list = history.list()
            if (++looks === rotateAt) {
              logrotate()
              append('e\n')
            }
            return list
          },
        }
        const follower = start({ cursor, history: racing })
        const seen = new Set(await lines(follower))
        await follower.close()
        assert.deepEqual([...seen].slice(0, 3), ['b', 'c', 'd'], `rotated after look ${rotateAt}`)
        for (const name of readdirSync(folder)) unlinkSync(join(folder, name))
      }
    })

    test('says that a compressed file is damaged, and goes on with the next', async () => {
      append('a\n')
      const { cursor } = await all(start())
      const bytes = gzipSync(Array.from({ length: 50_000 }, (_, n) => `${Math.sin(n)}\n`).join(''))
      renameSync(path, `${path}.3`)
      writeFileSync(`${path}.2.gz`, bytes.subarray(0, bytes.length / 2))
      writeFileSync(`${path}.1.gz`, 'not compressed at all')
      append('b\n')
      const seen = await lines(start({ cursor }))
      assert.equal(seen.at(-1), 'b')
      assert.ok(seen.length > 1000)
      assert.deepEqual(
        notices.map(({ kind }) => kind),
        ['damaged', 'damaged'],
      )
    })

    test('does not take a stranger for an older file', async () => {
      append('a\n')
      const { cursor } = await all(start())
      for (const name of ['a.log.bak', 'a.log.1.swp', 'a.log2', 'b.log.1', 'a.log-old', 'ba.log.1'])
        writeFileSync(join(folder, name), 'x\n')
      rotate(join(folder, 'a.2026-01-31.log'))
      append('b\n')
      assert.deepEqual(await lines(start({ cursor })), ['b'])
    })

    test('goes on where it left when a name comes back', async () => {
      append('a\n')
      const follower = start()
      await all(follower)
      renameSync(path, `${path}.old`)
      append('b\n')
      assert.deepEqual(await lines(follower), ['b'])
      renameSync(path, `${path}.new`)
      renameSync(`${path}.old`, path)
      append('c\n')
      assert.deepEqual(await lines(follower), ['c'])
    })
  })

  describe('truncation and removal', () => {
    test('reads a truncated file from its start', async () => {
      append('a\nb\n')
      const follower = start()
      await all(follower)
      truncateSync(path)
      append('c\n')
      assert.deepEqual(await lines(follower), ['c'])
      assert.match(notices[0]!.message, /truncated or written anew after 4 bytes/)
    })

    test('notices a file that was truncated and has grown past its place since', async () => {
      append('a 1\na 2\n')
      const before = start()
      const { cursor } = await all(before)
      writeFileSync(path, 'b 1\nb 2\nb 3\n')
      for (const follower of [before, start({ cursor })]) assert.deepEqual(await lines(follower), ['b 1', 'b 2', 'b 3'])
    })

    test('reads the rest in the copy when a file is copied and truncated', async () => {
      for (const restart of [false, true]) {
        writeFileSync(path, 'a\n')
        const before = start()
        const { cursor } = await all(before)
        append('b\n')
        copyFileSync(path, `${path}.1`)
        truncateSync(path)
        append('c\n')
        assert.deepEqual(await lines(restart ? start({ cursor }) : before), ['b', 'c'])
      }
      assert.deepEqual(
        notices.map(({ kind }) => kind).filter((kind) => kind !== 'rotated'),
        [],
      )
    })

    test('reads a file that was removed and comes back from its start', async () => {
      append('a\n')
      const follower = start()
      const { cursor } = await all(follower)
      unlinkSync(path)
      assert.deepEqual(await lines(follower), [])
      append('a\n')
      assert.deepEqual(await lines(follower), ['a'])
      unlinkSync(path)
      append('longer than before\n')
      const again = start({ cursor })
      assert.deepEqual(await lines(again), ['longer than before'])
    })

    test('notices another file behind the same inode number', async () => {
      append('a\nb\n')
      const { cursor } = await all(start())
      writeFileSync(path, 'x\ny\nz\n')
      assert.equal(String(statSync(path).ino), cursor!.inode)
      renameSync(path, `${path}.1`)
      append('w\n')
      assert.deepEqual(await lines(start({ cursor })), ['x', 'y', 'z', 'w'])
    })
  })

  test('says once that it cannot read, and reads when it can', async () => {
    mkdirSync(path)
    const follower = start()
    assert.deepEqual(await lines(follower), [])
    assert.deepEqual(await lines(follower), [])
    assert.equal(notices.length, 1)
    assert.match(notices[0]!.message, /a\.log: cannot be read/)
    rmSync(path, { recursive: true })
    append('a\n')
    assert.deepEqual(await lines(follower), ['a'])
  })

  for (const [what, isNew] of [
    ['goes on at its place', false],
    ['begins at the end', true],
  ] as const)
    test(`in a folder that cannot be entered for a while it ${what}`, async () => {
      const real = join(folder, 'real')
      const way = join(folder, 'way')
      mkdirSync(real)
      writeFileSync(join(real, 'a.log'), 'a\nb\n')
      symlinkSync(real, way)
      path = join(way, 'a.log')
      const { cursor } = await all(start())
      appendFileSync(join(real, 'a.log'), 'c\n')
      // A link to itself: an error that is not "there is no such file", and that root gets, too.
      unlinkSync(way)
      symlinkSync('way', way)
      const follower = start(isNew ? { from: 'end' } : { cursor })
      assert.deepEqual(await lines(follower), [])
      assert.deepEqual(await lines(follower), [])
      assert.deepEqual(
        notices.map(({ kind }) => kind),
        ['unreadable'],
      )
      unlinkSync(way)
      symlinkSync(real, way)
      assert.deepEqual(await lines(follower), isNew ? [] : ['c'])
      appendFileSync(join(real, 'a.log'), 'd\n')
      assert.deepEqual(await lines(follower), ['d'])
    })

  test('refuses to be asked twice at the same time', async () => {
    append('')
    const follower = start()
    await all(follower)
    const next = follower.next()
    await assert.rejects(follower.next(), /called again/)
    await follower.close()
    await next
  })

  test('keeps up with a writer that rotates at every third line', async () => {
    writeFileSync(path, '')
    const follower = start({ settle_ms: 0, poll_ms: 1 })
    const seen: string[] = []
    const wanted = Array.from({ length: 300 }, (_, n) => `line ${n}`)
    const reading = (async () => {
      while (seen.length < wanted.length) seen.push(...(await follower.next())!.lines)
    })()
    for (const [n, line] of wanted.entries()) {
      if (n % 3 === 0 && n > 0) renameSync(path, `${path}.${String(n).padStart(4, '0')}`)
      append(`${line}\n`)
      if (n % 7 === 0) await new Promise(setImmediate)
    }
    await reading
    assert.deepEqual(seen, wanted)
  })
})
