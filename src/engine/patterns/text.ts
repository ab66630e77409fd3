/** Texts as the matchers look at them. */
import { ByteText } from '../../byte-text.ts'

const beyondAscii = /[^\0-\x7f]/

/** Whether a byte string leaves ASCII. UTF-8 needs a second byte for what does, and counting bytes is native (0.2 µs for 600 bytes, not 0.7). */
export function hasHighByte(text: string): boolean {
  return text.length < worthCounting ? beyondAscii.test(text) : Buffer.byteLength(text) !== text.length
}

const worthCounting = 64

/** What `toLowerCase` changes besides the letters of ASCII. */
const foldedBeyondAscii = /[\xc0-\xde]/g
const worthPuttingBack = 12

/** Lower case of A to Z alone: `toLowerCase` would also fold the bytes 0xC0 to 0xDE, which are no letters here. Keeps the length. */
export function lowerAscii(text: string): string {
  const lower = text.toLowerCase()
  if (!hasHighByte(text)) return lower
  // A few such bytes, in a text that is mostly ASCII, are put back.
  let result = ''
  let from = 0
  foldedBeyondAscii.lastIndex = 0
  for (let i = 0; i < worthPuttingBack; i++) {
    if (!foldedBeyondAscii.test(text)) return result + lower.slice(from)
    const after = foldedBeyondAscii.lastIndex
    result += lower.slice(from, after - 1) + text[after - 1]
    from = after
  }
  const bytes = Buffer.from(text, 'latin1')
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte >= 0x41 && byte <= 0x5a) bytes[i] = byte | 0x20
  }
  return bytes.toString('latin1')
}

/** Folding a shorter text costs less than asking whether it is the last one. */
const worthRemembering = 48

let lastText = ''
let lastLower = ''

/** {@link lowerAscii}, remembering the last long text: an event's log meets hundreds of patterns in a row (0.4 µs each time for 500 bytes). */
export function lowered(text: string): string {
  if (text.length < worthRemembering) return lowerAscii(text)
  if (text !== lastText) {
    lastLower = lowerAscii(text)
    lastText = text
  }
  return lastLower
}

const buffer = new ByteText()
let bufferedText = ''

/** No digit, blank or letter. */
const endMark = '\xff\xff'

/**
 * The bytes of a text with {@link endMark} behind them: they are read twice as fast as its characters. Good until the next text; an event's log meets many
 * patterns in a row.
 */
export function bytesOf(text: string): Uint8Array {
  if (text !== bufferedText) {
    buffer.clear()
    buffer.add(text)
    buffer.add(endMark)
    bufferedText = text
  }
  return buffer.buffer
}
