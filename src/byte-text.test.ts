import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteText, piecesOf } from './byte-text.ts'
import { seeded } from './engine/testing/mutate.ts'

const written = (write: (text: ByteText) => void) => {
  const text = new ByteText()
  // What was there before stays.
  text.add('before ')
  write(text)
  assert.equal(text.toString().slice(0, 7), 'before ')
  return text.toString(7)
}

test('texts are quoted as JSON has them, whatever their length and whatever must be escaped', () => {
  const next = seeded(3)
  const alphabets = ['"', '\\', 'a"', 'abc\\"\n\t', 'abcdefgh\xe9\xff\x7f', '\x00\x01\x1f\b\f\r"x']
  for (const alphabet of alphabets) {
    for (let length = 0; length < 200; length++) {
      const text = Array.from({ length }, () => alphabet[next(alphabet.length)]).join('')
      assert.equal(
        written((to) => to.addQuoted(text)),
        JSON.stringify(text),
      )
    }
  }
  const long = '"\\'.repeat(40_000)
  assert.equal(
    written((to) => to.addQuoted(long)),
    JSON.stringify(long),
  )
})

test('numbers are written in decimal', () => {
  for (const number of [0, 1, 9, 10, 99, 100, 12_345, 999_999_999, 1_073_741_823, 1_073_741_824, 2 ** 40 + 1]) {
    assert.equal(
      written((to) => to.addNumber(number)),
      String(number),
    )
  }
})

test('pieces are added by their number', () => {
  const pieces = piecesOf(['', 'one ', 'two\xff', '', 'three'])
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => written((to) => to.addPiece(pieces, i))),
    ['', 'one ', 'two\xff', '', 'three'],
  )
})
