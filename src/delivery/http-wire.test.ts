import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerReader, requestHead } from './http-wire.ts'

/** Reads an answer in one piece and cut at every byte; all ways must agree. */
function read(text: string, { most = 1000, wants = true, ended = false } = {}) {
  const bytes = Buffer.from(text)
  const inPieces = (at: number) => {
    const reader = new AnswerReader(most, wants)
    let isDone = false
    for (const piece of at === 0 ? [bytes] : [bytes.subarray(0, at), bytes.subarray(at)])
      if (!isDone) isDone = reader.push(piece)
    if (ended) isDone = reader.end()
    const { status, headers, text, reusable_ms } = reader
    return { isDone, status, headers, text, isReusable: reusable_ms !== undefined }
  }
  const whole = inPieces(0)
  for (let at = 1; at < bytes.length; at++) assert.deepEqual(inPieces(at), whole, `cut at ${at}`)
  return whole
}

const head = (...lines: string[]) => `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`

test('reads an answer of a known length', () => {
  assert.deepEqual(read(`${head('Content-Length: 6', 'X-A: 1', 'x-a:2 ')}größ`), {
    isDone: true,
    status: 200,
    headers: { 'content-length': '6', 'x-a': '1, 2' },
    text: 'größ',
    isReusable: true,
  })
  assert.equal(read(`${head('content-length: 7')}größ`).isDone, false)
})

test('an answer without a body is complete with its head', () => {
  for (const text of [
    head('content-length: 0'),
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 304\r\ncontent-length: 9\r\n\r\n',
  ])
    assert.deepEqual([read(text).isDone, read(text).isReusable, read(text).text], [true, true, ''])
})

test('reads chunks, with extensions and trailers', () => {
  const { isDone, text, isReusable } = read(
    `${head('Transfer-Encoding: chunked')}4;a="b"\r\nabcd\r\n0A \r\n0123456789\r\n0\r\nx-t: 1\r\n\r\n`,
  )
  assert.deepEqual([isDone, text, isReusable], [true, 'abcd0123456789', true])
})

test('reads until the end of the connection what has no length, and does not use it again', () => {
  assert.equal(read(`${head()}abc`).isDone, false)
  const { isDone, text, isReusable } = read(`${head()}abc`, { ended: true })
  assert.deepEqual([isDone, text, isReusable], [true, 'abc', false])
  assert.equal(read(`${head('content-length: 4')}abc`, { ended: true }).isDone, false, 'broken off')
})

test('what comes before the answer is passed over', () => {
  const early = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'
  const { status, headers } = read(`${early}${head('content-length: 0')}`)
  assert.deepEqual([status, headers], [200, { 'content-length': '0' }])
})

test('a connection is used again only as the server allows', () => {
  const ms = (text: string) => {
    const reader = new AnswerReader(10, false)
    assert.equal(reader.push(Buffer.from(text)), true)
    return reader.reusable_ms
  }
  assert.equal(ms(head('content-length: 0')), 4000)
  assert.equal(ms(head('content-length: 0', 'keep-alive: timeout=3, max=5')), 2000)
  assert.equal(ms(head('content-length: 0', 'connection: Close')), undefined)
  assert.equal(ms('HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'), undefined)
  assert.equal(ms('HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n'), 4000)
  assert.equal(ms(`${head('content-length: 0')}HTTP/1.1 200 OK`), undefined, 'more than was asked for')
})

test('a long body is cut, and one that nobody reads is not kept', () => {
  const long = read(`${head('content-length: 30')}${'x'.repeat(30)}`, { most: 10 })
  assert.deepEqual([long.isDone, long.text, long.isReusable], [true, 'x'.repeat(10), false])
  assert.equal(read(`${head('content-length: 3')}abc`, { wants: false }).text, '')
  assert.equal(read('HTTP/1.1 400 Bad\r\ncontent-length: 3\r\n\r\nabc', { wants: false }).text, 'abc', 'the reason')
})

test('what is no HTTP, or says two things, is refused', () => {
  for (const text of [
    'SSH-2.0-OpenSSH\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    head('no colon'),
    head('content-length: 1, 2'),
    head('content-length: -1'),
    `${head('transfer-encoding: chunked')}zz\r\n`,
    `${head('transfer-encoding: chunked')}1\r\nabc`,
    `HTTP/1.1 200 OK\r\n${'x'.repeat(70_000)}`,
  ])
    assert.throws(
      () => {
        new AnswerReader(1000, true).push(Buffer.from(text))
      },
      text.slice(0, 60),
    )
})

test('writes the head of a request', () => {
  assert.equal(
    requestHead('POST', '/a?b', 'h:1', { 'x-a': 'ö' }, 5),
    'POST /a?b HTTP/1.1\r\nx-a: ö\r\nhost: h:1\r\ncontent-length: 5\r\n\r\n',
  )
  assert.equal(requestHead('GET', '/', 'h', { Host: 'other' }, undefined), 'GET / HTTP/1.1\r\nHost: other\r\n\r\n')
  assert.match(requestHead('DELETE', '/', 'h', {}, undefined), /content-length: 0/)
})

test('no header begins another one, or says how the request is framed', () => {
  const wrong: Record<string, string>[] = [
    { 'x-a': 'b\r\nc: d' },
    { 'x a': '1' },
    { 'x-a': '\u20ac' },
    { 'Content-Length': '1' },
    { te: 'x' },
  ]
  for (const headers of wrong) assert.throws(() => requestHead('POST', '/', 'h', headers, 0), TypeError)
})
