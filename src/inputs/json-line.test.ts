import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addLabels, readJsonLine } from './json-line.ts'

test('a line is printed again as cJSON prints it', () => {
  for (const [line, wanted] of [
    ['{"a":1,"b":[1, 2.50],"c":{ }}', '{"a":1,"b":[1,2.5],"c":{}}'],
    [' \t{"a":"\\u00e9\\/\\n"}\r', '{"a":"\xc3\xa9/\\n"}'],
    ['{"a":1,"A":2,"a":3,"10":1,"2":1}', '{"a":1,"A":2,"a":3,"10":1,"2":1}'],
    ['{"a":1692926900123,"b":1e21,"c":-0.5}', '{"a":1692926900123,"b":1e+21,"c":-0.5}'],
    ['\xef\xbb\xbf{"a":1}', '{"a":1}'],
    ['{"a":"\xff\xfe"}', '{"a":"\xff\xfe"}'],
    ['{"a":"}{"} and more {', '{"a":"}{"}'],
    ['{"a":"x\ty\u0001"}', '{"a":"x\\ty\\u0001"}'],
    ['{"a":"\\"}"}x', '{"a":"\\"}"}'],
  ] as const)
    assert.equal(readJsonLine(line), wanted, line)
})

test('what does not begin with an object is none', () => {
  for (const line of ['', 'text', '[1]', '1', 'null', '{"a":1', '{"a" 1}', '{a:1}', 'x {"a":1}', '{"a":"b}'])
    assert.equal(readJsonLine(line), undefined, line)
})

test('labels are added where they do not stand yet', () => {
  const labels = (object: string, ...pairs: [string, string][]) =>
    addLabels(
      object,
      pairs.map(([key, value]) => ({ key, value })),
    )
  assert.equal(labels('{}', ['a', 'x']), '{"a":"x"}')
  assert.equal(labels('{"b":1}', ['a', 'x"y']), '{"b":1,"a":"x\\"y"}')
  assert.equal(labels('{"A":1}', ['a', 'x']), '{"A":1}')
  assert.equal(labels('{"b":{"a":1}}', ['a', 'x']), '{"b":{"a":1},"a":"x"}')
  assert.equal(labels('{"b":"a","c":["a",{"a":1}]}', ['a', 'x']), '{"b":"a","c":["a",{"a":1}],"a":"x"}')
  assert.equal(labels('{"a":{"b":1},"z":2}', ['a.c', 'x'], ['a.b', 'y']), '{"a":{"b":1,"c":"x"},"z":2}')
  assert.equal(labels('{"a":"text"}', ['a.b', 'x']), '{"a":"text"}')
  assert.equal(labels('{}', ['a.b.c', 'x'], ['a.d', 'y']), '{"a":{"b":{"c":"x"},"d":"y"}}')
  assert.equal(labels('{}', ['a', '[1, "b"]'], ['b', '[no']), '{"a":[1,"b"],"b":"[no"}')
})
