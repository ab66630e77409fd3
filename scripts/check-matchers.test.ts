import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { difference, type RecordedCase, readCases } from './check-matchers.ts'

const recorded: RecordedCase = {
  flavour: 'osregex',
  flags: 128,
  pattern: '(\\w+) (\\w+)',
  subject: 'wolf goat',
  compiled: true,
  match: true,
  end: 5,
  subs: ['wolf', 'goat'],
}

test('an equal case differs in nothing', () => {
  assert.equal(difference(recorded), undefined)
  assert.equal(difference(recorded, true), undefined)
})

test('each recorded value is compared', () => {
  for (const wrong of [{ match: false }, { end: 4 }, { subs: ['wolf'] }, { compiled: false }, { subs: null }]) {
    assert.match(difference({ ...recorded, ...wrong }) ?? 'equal', /^ours .*, recorded /)
  }
})

test('a table of single bytes is compared byte by byte', () => {
  const digits = Array.from({ length: 10 }, (_, i) => 0x30 + i)
  const table: RecordedCase = { flavour: 'osregex', pattern: '^\\d$', bytes_matching: digits }
  assert.equal(difference(table), undefined)
  assert.notEqual(difference({ ...table, bytes_matching: digits.slice(1) }), undefined)
})

test('texts that are not UTF-8 are read from hex', () => {
  const bytes: RecordedCase = {
    flavour: 'pcre2',
    flags: 128,
    pattern_hex: '28ff29',
    subject_hex: '61ff',
    compiled: true,
  }
  assert.equal(difference({ ...bytes, match: true, end: 1, subs_hex: ['ff'] }), undefined)
})

const golden = new URL('../../shared/golden/regex.jsonl.gz', import.meta.url)
const skip = !existsSync(golden) && 'needs ../shared, the recorded answers of the real engine'

for (const plain of [false, true]) {
  test(`all recorded cases are equal, ${plain ? 'plain' : 'fast'}`, { skip }, () => {
    const differing = readCases(golden).filter((one) => difference(one, plain) !== undefined)
    assert.deepEqual(differing, [])
  })
}
