import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBytes } from '../alert.ts'
import { printNumber, reprint } from './cjson-reprint.ts'

test('is compact, and keeps the order and repetition of keys', () => {
  assert.equal(
    reprint(' { "b" : [ 1 , {} , [ ] ] ,\t"a":null, "b" : true,"":false }\r\n'),
    '{"b":[1,{},[]],"a":null,"b":true,"":false}',
  )
  assert.equal(reprint('"x"'), '"x"')
})

test('writes escapes as the characters they mean, where JSON allows', () => {
  for (const [given, printed] of [
    [String.raw`"a\/b"`, '"a/b"'],
    [String.raw`"\u00e9\u20ac"`, toBytes('"é€"')],
    [String.raw`"\ud83d\ude00"`, toBytes('"😀"')],
    [String.raw`"\\u0041 \" \b\f\n\r\t"`, String.raw`"\\u0041 \" \b\f\n\r\t"`],
    [String.raw`"\u0022\u005c\u000a\u001F\u0041"`, String.raw`"\"\\\n\u001fA"`],
    [String.raw`"cut\u0000here"`, '"cut"'],
    [String.raw`"\ud83dx"`, toBytes('"\ufffdx"')],
    [String.raw`"\udc00\u0041\udc01"`, toBytes('"\ufffdA\ufffd"')],
  ] as const)
    assert.equal(reprint(given), printed, given)
})

test('keeps bytes that are not UTF-8', () => {
  assert.equal(reprint('{"a":"\xff\xe9","b":"\xc3\xa9\\u0041"}'), '{"a":"\xff\xe9","b":"\xc3\xa9A"}')
})

test('prints numbers as cJSON does', () => {
  for (const [given, printed] of [
    [5, '5'],
    [-0, '0'],
    [2147483648, '2147483648'],
    [1705314645123, '1705314645123'],
    [1e15, '1e+15'],
    [123456789012345680, '1.2345678901234568e+17'],
    [1.5, '1.5'],
    [0.1 + 0.2, '0.3'],
    [0.00001234, '1.234e-05'],
    [0.0001, '0.0001'],
    [1e22, '1e+22'],
    [Number.POSITIVE_INFINITY, 'null'],
  ] as const)
    assert.equal(printNumber(given), printed)
  assert.equal(reprint('[1.0,1e2,-3.50]'), '[1,100,-3.5]')
})

test('refuses what is not JSON', () => {
  assert.throws(() => reprint('{"a":nope}'), /not JSON at byte 5/)
})
