/**
 * The packets of MQTT 5 and 3.1.1 that a client needs who only publishes, as bytes.
 *
 *   type and flags (1 byte) │ length of the rest (1 to 4 bytes, 7 bits each) │ the rest
 *
 * Version 5 adds properties, and a reason to every answer. https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html
 */

export interface Login {
  is_v5: boolean
  client_id: string
  /** Seconds after which the server takes a silent client for gone. */
  keep_alive: number
  user?: string
  password?: string
}

export function connectPacket({ is_v5, client_id, keep_alive, user, password }: Login): Buffer {
  // Clean start; section 3.1.2.3.
  const flags = 0x02 | (user === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40)
  return packet(0x10, [
    text('MQTT'),
    Buffer.from([is_v5 ? 5 : 4, flags]),
    number(keep_alive),
    ...(is_v5 ? [Buffer.from([0])] : []),
    text(client_id),
    ...(user === undefined ? [] : [text(user)]),
    ...(password === undefined ? [] : [text(password)]),
  ])
}

export interface Publication {
  is_v5: boolean
  /** 1 to 65535. */
  id: number
  topic: string
  payload: string
  retain: boolean
  properties: Record<string, string>
}

/** With QoS 1: the server answers with a PUBACK of the same id. */
export function publishPacket({ is_v5, id, topic, payload, retain, properties }: Publication): Buffer {
  const pairs = Object.entries(properties).flatMap(([name, value]) => [Buffer.from([0x26]), text(name), text(value)])
  // It is UTF-8, and JSON; section 3.3.2.3.
  const fields = Buffer.concat([Buffer.from([0x01, 1, 0x03]), text('application/json'), ...pairs])
  return packet(0x32 | (retain ? 1 : 0), [
    text(topic),
    number(id),
    ...(is_v5 ? [length(fields.length), fields] : []),
    Buffer.from(payload),
  ])
}

export const pingPacket = Buffer.from([0xc0, 0])
export const disconnectPacket = Buffer.from([0xe0, 0])

function packet(first: number, parts: Buffer[]): Buffer {
  const rest = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([first]), length(rest.length), rest])
}

function length(bytes: number): Buffer {
  const digits: number[] = []
  let left = bytes
  do {
    const digit = left % 128
    left = Math.floor(left / 128)
    digits.push(left > 0 ? digit | 128 : digit)
  } while (left > 0)
  return Buffer.from(digits)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([number(bytes.length), bytes])
}

function number(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

// --------------------------------------------------------------------------------------------------------------------- answers

export type Answer =
  | { kind: 'connack'; reason: number; limits: Limits }
  | { kind: 'puback'; id: number; reason: number; words: string }
  | { kind: 'disconnect'; reason: number; words: string }
  | { kind: 'pingresp' }

/** What a server of version 5 says of itself; one that says nothing has no limits. */
export interface Limits {
  words: string
  receive_maximum: number
  maximum_qos: number
  retain_available: boolean
  maximum_packet_size: number
  /** Seconds, instead of ours. */
  keep_alive?: number
}

/** @returns the whole packets of what has come, and what is left; @throws when it is no MQTT */
export function readAnswers(bytes: Buffer, is_v5: boolean): { answers: Answer[]; rest: Buffer } {
  const answers: Answer[] = []
  let at = 0
  while (at < bytes.length) {
    const size = readLength(bytes, at + 1)
    // An answer to a publisher is small.
    if (![0x20, 0x40, 0xd0, 0xe0].includes(bytes[at]!) || (size && size.value > 100_000)) throw notMqtt()
    if (!size || bytes.length < size.end + size.value) break
    const end = size.end + size.value
    try {
      answers.push(readAnswer(bytes[at]!, bytes.subarray(size.end, end), is_v5))
    } catch {
      // Something in it is longer than it is.
      throw notMqtt()
    }
    at = end
  }
  return { answers, rest: bytes.subarray(at) }
}

const notMqtt = () => new Error('it does not speak MQTT')

/** At most four digits of seven bits; undefined when they have not all come. */
function readLength(bytes: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0
  for (let digit = 0; digit < 4; digit++) {
    const byte = bytes[at + digit]
    if (byte === undefined) return undefined
    value += (byte & 127) * 128 ** digit
    if (byte < 128) return { value, end: at + digit + 1 }
  }
  throw notMqtt()
}

function readAnswer(first: number, body: Buffer, is_v5: boolean): Answer {
  switch (first >> 4) {
    case 2: {
      if (body.length < 2) break
      const properties = readProperties(body, 2, is_v5)
      return { kind: 'connack', reason: body[1]!, limits: limitsOf(properties) }
    }
    case 4: {
      if (body.length < 2) break
      // A reason that is left out is 0.
      const words = String(readProperties(body, 3, is_v5).get(0x1f) ?? '')
      return { kind: 'puback', id: body.readUInt16BE(0), reason: body[2] ?? 0, words }
    }
    case 13:
      return { kind: 'pingresp' }
    case 14:
      return { kind: 'disconnect', reason: body[0] ?? 0, words: String(readProperties(body, 1, is_v5).get(0x1f) ?? '') }
  }
  throw notMqtt()
}

function limitsOf(properties: Map<number, number | string>): Limits {
  const value = (id: number, usual: number) => Number(properties.get(id) ?? usual)
  return {
    words: String(properties.get(0x1f) ?? ''),
    receive_maximum: value(0x21, 65_535),
    maximum_qos: value(0x24, 2),
    retain_available: value(0x25, 1) === 1,
    maximum_packet_size: value(0x27, 268_435_460),
    ...(properties.has(0x13) && { keep_alive: value(0x13, 0) }),
  }
}

/** Bytes of a property's value that is a number; the others of section 2.2.2.2 are texts, data or pairs of texts. */
const number_bytes: Record<number, number> = {
  1: 1,
  2: 4,
  17: 4,
  19: 2,
  23: 1,
  24: 4,
  25: 1,
  33: 2,
  34: 2,
  35: 2,
  36: 1,
  37: 1,
  39: 4,
  40: 1,
  41: 1,
  42: 1,
}

function readProperties(body: Buffer, from: number, is_v5: boolean): Map<number, number | string> {
  const found = new Map<number, number | string>()
  if (!is_v5 || body.length <= from) return found
  const size = readLength(body, from)
  if (!size) throw notMqtt()
  let at = size.end
  const end = at + size.value
  const readText = (): string => {
    const bytes = body.readUInt16BE(at)
    at += 2 + bytes
    return body.toString('utf8', at - bytes, at)
  }
  while (at < end) {
    const id = body[at++]!
    const bytes = number_bytes[id]
    if (bytes !== undefined) {
      found.set(id, body.readUIntBE(at, bytes))
      at += bytes
    } else {
      const value = readText()
      // A pair of the server's own.
      if (id === 0x26) readText()
      else found.set(id, value)
    }
  }
  return found
}
