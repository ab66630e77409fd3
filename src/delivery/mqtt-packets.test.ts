import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectPacket, publishPacket, readAnswers } from './mqtt-packets.ts'

const hex = (bytes: Buffer) => bytes.toString('hex').replace(/(..)(?=.)/g, '$1 ')
const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('CONNECT, in both versions', () => {
  const login = { client_id: 'id', keep_alive: 60 }
  assert.equal(hex(connectPacket({ ...login, is_v5: false })), '10 0e 00 04 4d 51 54 54 04 02 00 3c 00 02 69 64')
  assert.equal(
    hex(connectPacket({ ...login, is_v5: true, user: 'u', password: 'p' })),
    '10 15 00 04 4d 51 54 54 05 c2 00 3c 00 00 02 69 64 00 01 75 00 01 70',
  )
})

test('PUBLISH, in both versions; the length takes as many bytes as it needs', () => {
  const message = { id: 258, topic: 'a/b', payload: 'é', retain: false, properties: { k: 'v' } }
  assert.equal(hex(publishPacket({ ...message, is_v5: false })), '32 09 00 03 61 2f 62 01 02 c3 a9')
  assert.equal(
    hex(publishPacket({ ...message, is_v5: true, retain: true })),
    `33 26 00 03 61 2f 62 01 02 1c 01 01 03 00 10 ${hex(Buffer.from('application/json'))} 26 00 01 6b 00 01 76 c3 a9`,
  )
  for (const [size, length] of [
    [120, '7f'],
    [121, '80 01'],
    [16_376, 'ff 7f'],
    [16_377, '80 80 01'],
  ] as const) {
    const packet = publishPacket({ ...message, is_v5: false, payload: 'x'.repeat(size) })
    assert.equal(hex(packet.subarray(1, 1 + length.split(' ').length)), length)
  }
})

test('reads answers, whole or in pieces, one or many at a time', () => {
  const stream = bytes('20 08 00 00 05 21 00 14 25 00 40 02 01 02 40 03 01 03 10 40 04 01 04 87 00 d0 00 e0 02 8b 00')
  const all = readAnswers(stream, true)
  assert.equal(all.rest.length, 0)
  assert.deepEqual(
    all.answers.map((answer) => ('limits' in answer ? { ...answer, limits: 0 } : answer)),
    [
      { kind: 'connack', reason: 0, limits: 0 },
      { kind: 'puback', id: 258, reason: 0, words: '' },
      { kind: 'puback', id: 259, reason: 16, words: '' },
      { kind: 'puback', id: 260, reason: 0x87, words: '' },
      { kind: 'pingresp' },
      { kind: 'disconnect', reason: 0x8b, words: '' },
    ],
  )
  for (let at = 0; at < stream.length; at++) {
    const first = readAnswers(stream.subarray(0, at), true)
    const second = readAnswers(Buffer.concat([first.rest, stream.subarray(at)]), true)
    assert.deepEqual([...first.answers, ...second.answers], all.answers, `cut at ${at}`)
  }
})

test('what a server says of itself and its reasons', () => {
  // Receive maximum 20, maximum QoS 1, no retained messages, 1000 bytes, keep alive 30, an id, a pair of its own, a reason.
  const properties = '21 00 14 24 01 25 00 27 00 00 03 e8 13 00 1e 12 00 01 69 26 00 01 6b 00 01 76 1f 00 02 6f 6b'
  const size = bytes(properties).length
  const [answer] = readAnswers(
    Buffer.concat([Buffer.from([0x20, size + 3, 0, 0, size]), bytes(properties)]),
    true,
  ).answers
  assert.deepEqual(answer, {
    kind: 'connack',
    reason: 0,
    limits: {
      words: 'ok',
      receive_maximum: 20,
      maximum_qos: 1,
      retain_available: false,
      maximum_packet_size: 1000,
      keep_alive: 30,
    },
  })
  const [old] = readAnswers(bytes('20 02 00 05'), false).answers
  assert.deepEqual(old?.kind === 'connack' && [old.reason, old.limits.receive_maximum], [5, 65_535])
})

test('what is no MQTT is not waited for', () => {
  for (const text of ['HTTP/1.1 400 Bad Request\r\n\r\n', '\xff\xff\xff\xff\xff\xff', '\x20\x00'])
    assert.throws(() => readAnswers(Buffer.from(text, 'latin1'), true), /does not speak MQTT/, JSON.stringify(text))
})

test('no bytes make it read past a packet or hang', () => {
  let seed = 1
  const random = () => (seed = (seed * 48271) % 2147483647) & 0xff
  for (let n = 0; n < 2000; n++) {
    const body = Buffer.from(Array.from({ length: random() % 20 }, random))
    const packet = Buffer.concat([Buffer.from([[0x20, 0x40, 0xe0][n % 3]!, body.length]), body])
    try {
      readAnswers(packet, true)
    } catch (error) {
      assert.match((error as Error).message, /does not speak MQTT/)
    }
  }
})
