import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBytes, toBytes } from '../../alert.ts'
import type { JsonShape } from './json.ts'
import { compactArray, printMembers, readJson } from './json.ts'

const usual: JsonShape = { arrays: 'array', nulls: 'string' }

/** `name=value` of each field, or undefined when the text is malformed. */
function read(text: string, shape = usual): string[] | undefined {
  const fields = readJson(toBytes(text), 0, shape)
  return fields?.values.map((value, i) => fromBytes(`${fields.names[i]!.full}=${value}`))
}

test('joins names with dots, in the order of the text, and keeps every repetition', () => {
  assert.deepEqual(read('{"b":{"c":{"d":"1"},"e":"2"},"a":"3","b":"4","2":"5","1":"6"}'), [
    'b.c.d=1',
    'b.e=2',
    'a=3',
    'b=4',
    '2=5',
    '1=6',
  ])
  assert.deepEqual(read('{"":"x","a":{"":"y"},"c.d":"z","o":{}}'), ['=x', 'a.=y', 'c.d=z'])
})

test('says how deep a field lies', () => {
  const { names, values } = readJson('{"a":1,"b":{"c":2,"d":{"e":3}},"f":4}', 0, usual)!
  assert.deepEqual(
    values.map((_, i) => names[i]!.depth),
    [1, 2, 3, 1],
  )
})

test('writes numbers as the original: 32-bit integers, everything else with six decimals', () => {
  const cases: [text: string, value: string][] = [
    ['1', '1'],
    ['-0', '0'],
    ['007', '7'],
    ['5.', '5'],
    ['-.5', '-0.500000'],
    ['1e3', '1000'],
    ['1E+2', '100'],
    ['1000.0', '1000'],
    ['1.5', '1.500000'],
    ['2147483647', '2147483647'],
    ['-2147483648', '-2147483648'],
    ['2147483648', '2147483648.000000'],
    ['1705314645123', '1705314645123.000000'],
    ['1e-7', '0.000000'],
    ['1e400', 'inf'],
    ['1e308', '100000000000000001097906362944045541740492309677311846336810682'],
  ]
  for (const [text, value] of cases) assert.deepEqual(read(`{"n":${text}}`), [`n=${value}`], text)
})

test('refuses what is no number to the original', () => {
  for (const text of ['+1', '.5', '0x10', '1e', '1-2', '--1', '-', 'NaN', 'Infinity', '9'.repeat(64)]) {
    assert.equal(read(`{"n":${text}}`), undefined, text)
  }
})

test('undoes escapes, and ends a text at a NUL', () => {
  const cases: [text: string, value: string][] = [
    ['a\\"\\\\\\/\\b\\f\\n\\r\\t', 'a"\\/\b\f\n\r\t'],
    ['\\u00e9\\u20AC\\ud83d\\ude00', 'é€😀'],
    ['é raw', 'é raw'],
    ['a\\u0000b', 'a'],
    ['a\\uZZZZb', 'a'],
    ['raw\ttab\nline', 'raw\ttab\nline'],
  ]
  for (const [text, value] of cases) assert.deepEqual(read(`{"s":"${text}"}`), [`s=${value}`], text)
  assert.deepEqual(read('{"k\\u0041\\"":"v"}'), ['kA"=v'])
  for (const text of ['\\x', '\\ud83d', '\\udc00', '\\ud83d\\u0041', '\\u12', '\\']) {
    assert.equal(read(`{"s":"${text}"}`), undefined, text)
  }
})

test('prints arrays as cJSON does: objects on lines of their own, numbers short', () => {
  const cases: [text: string, printed: string][] = [
    ['[ ]', '[]'],
    ['[1,"a",null,true,false,2.5]', '[1, "a", null, true, false, 2.5]'],
    ['[[1],[[]]]', '[[1], [[]]]'],
    ['[{}]', '[{\n\t}]'],
    ['[{"k":1,"o":{"x":[]}},2]', '[{\n\t\t"k":\t1,\n\t\t"o":\t{\n\t\t\t"x":\t[]\n\t\t}\n\t}, 2]'],
    ['[1.10,2147483648,1e21,0.1,-0.0,1e400]', '[1.1, 2147483648, 1e+21, 0.1, 0, null]'],
    ['["\\u0001\\"\\/é"]', '["\\u0001\\"/é"]'],
  ]
  for (const [text, printed] of cases) assert.deepEqual(read(`{"a":${text}}`), [`a=${printed}`], text)
})

test('joins the simple elements of an array as CSV', () => {
  const cases: [text: string, expected: string[]][] = [
    ['["a",1,2.5,null,true]', ['a=a,1,2.500000,null,true']],
    ['["a",{}]', ['a=a,']],
    ['[{},"a"]', ['a=a']],
    ['[{"x":1},[2]]', []],
    ['[]', []],
    [`["${'x'.repeat(65_534)}"]`, [`a=${'x'.repeat(65_534)}`]],
    [`["${'x'.repeat(65_535)}"]`, []],
  ]
  for (const [text, expected] of cases)
    assert.deepEqual(read(`{"a":${text}}`, { arrays: 'csv', nulls: 'string' }), expected)
})

test('keeps or discards nulls', () => {
  assert.deepEqual(read('{"a":null,"b":true,"c":false}'), ['a=null', 'b=true', 'c=false'])
  assert.deepEqual(read('{"a":null,"b":1}', { arrays: 'array', nulls: 'discard' }), ['b=1'])
})

test('reads from a place, over any white space, and ignores what follows', () => {
  assert.deepEqual(readJson('x: \x01\n{ "a" :\t1 } rest', 2, usual)?.values, ['1'])
  assert.deepEqual(read('\ufeff{"a":1}'), ['a=1'])
})

test('gives no field of a text that is malformed anywhere, nor of one that is no object', () => {
  for (const text of [
    '',
    '{',
    '{"a":1',
    '{"a":1,}',
    '{"a"}',
    '{a:1}',
    "{'a':1}",
    '{"a":[1,]}',
    '{"a":tru}',
    '{"a":1 "b":2}',
    'x',
  ]) {
    assert.equal(read(text), undefined, text)
  }
  for (const text of ['[1,2]', '"x"', '5', 'null', '{}']) assert.deepEqual(read(text), [], text)
})

test('refuses more than 1,000 levels', () => {
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  assert.equal(read(nested(1_000))?.length, 1)
  assert.equal(read(nested(1_001)), undefined)
  assert.equal(read(`{"a":${'['.repeat(1_000)}${']'.repeat(1_000)}}`), undefined)
})

test('prints an array compactly when the text is nothing else', () => {
  assert.equal(compactArray('[1, {\n\t"a":\t[2.50]\n}]'), '[1,{"a":[2.5]}]')
  for (const text of ['[1] ', '[1]x', '{"a":1}', '[1', 'x']) assert.equal(compactArray(text), undefined, text)
})

test('gives the printed members of an object', () => {
  assert.deepEqual(printMembers('{"a":"x\\"","b":[1, {"c": null}]} rest'), [
    { name: 'a', printed: '"x\\""' },
    { name: 'b', printed: '[1,{"c":null}]' },
  ])
  assert.deepEqual(printMembers('[1]'), [])
  assert.equal(printMembers('{"a"'), undefined)
})
