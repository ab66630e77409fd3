import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileAddresses } from './address.ts'

function holds(specification: string, value: string): boolean | undefined {
  return compileAddresses([specification]).addresses?.test(value)
}

test('an address is in a range when the bits of the mask agree', () => {
  const rows: [string, string, boolean][] = [
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.5/24', '10.0.0.77', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/255.255.0.0', '10.0.9.9', true],
    ['10.0.0.0/255.255.0.0', '10.1.9.9', false],
    ['::ffff:10.0.0.0/8', '10.9.9.9', true],
    ['2001:db8::/32', '2001:0db8:0000:0000:0000:0000:0000:0001', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['2001:DB8::1', '2001:db8::1', true],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', true],
    ['any', '10.0.0.1', true],
    ['any', '::1', true],
    ['any', 'abc', false],
  ]
  for (const [specification, value, expected] of rows) {
    assert.equal(holds(specification, value), expected, `${value} in ${specification}`)
    assert.equal(holds(`!${specification}`, value), expected, `a leading ! changes nothing`)
  }
})

test('a value must be an address and nothing else', () => {
  for (const value of [
    '',
    '10.0.0.01',
    '10.0.0.1 ',
    ' 10.0.0.1',
    '10.0.0.1:80',
    '1.2.3',
    '1:2',
    '1::2::3',
    '::%eth0',
    ':::',
  ]) {
    assert.equal(holds('any', value), false, value)
  }
  assert.equal(holds('::102:304', '::1.2.3.4'), true)
})

test('a value of the other family meets the bytes that lie there in the original', () => {
  assert.equal(holds('::1', '192.168.1.5'), true)
  assert.equal(holds('2001:db8::1', '192.168.1.5'), false)
  assert.equal(holds('0.0.0.0/0', '2001:db8::1'), true)
  assert.equal(holds('10.0.0.0/8', '::1'), false)
})

test('refuses what is no address, and a list with one such', () => {
  for (const wrong of [
    '10.',
    '192.168.1.',
    '256.1.1.1',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    'abc',
    '',
    '::/0',
    '2001:db8::1/129',
    '10.0.0.0/8 ',
    '!',
  ]) {
    assert.match(compileAddresses([wrong]).error?.message ?? 'accepted', /is no address; write/, wrong)
  }
  assert.equal(compileAddresses(['127.0.0.1', 'bad']).error?.code, 0)
})

test('any of a list may hold', () => {
  const { addresses } = compileAddresses(['10.0.0.1', '192.168.1.0/24'])
  assert.equal(addresses?.test('192.168.1.5'), true)
  assert.equal(addresses?.test('10.0.0.2'), false)
})
