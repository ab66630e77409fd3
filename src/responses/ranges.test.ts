import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatRange, isSingle, overlaps, parseRange, widen } from './ranges.ts'

test('one spelling for each address and network', () => {
  for (const [text, expected] of [
    ['10.0.0.1', '10.0.0.1'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.0.0.1/32', '10.0.0.1'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:1.2.3.4/120', '1.2.3.0/24'],
    ['::1', '::1'],
    ['::', '::'],
    ['2001:DB8::0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['2001:db8:1:2:3:4:5:6/64', '2001:db8:1:2::/64'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ] as const)
    assert.equal(formatRange(parseRange(text)!), expected, text)
})

test('takes nothing that only resembles an address', () => {
  for (const text of [
    '',
    '10.0.0',
    '1',
    '0x7f.1',
    '010.0.0.1',
    '10.0.0.1/33',
    '10.0.0.1/-1',
    '10.0.0.1/',
    'fe80::1%eth0',
    '::/129',
    'a.b',
    '1.2.3.4 ',
    '::ffff:1.2.3.4/90',
    '1.2.3.4; reboot',
  ])
    assert.equal(parseRange(text), undefined, text)
})

test('sees what two ranges have in common', () => {
  const meet = (a: string, b: string) => overlaps(parseRange(a)!, parseRange(b)!)
  assert.ok(meet('10.0.0.0/8', '10.1.2.3'))
  assert.ok(meet('10.1.2.3', '10.0.0.0/8'))
  assert.ok(meet('0.0.0.0/0', '192.0.2.1'))
  assert.ok(!meet('10.0.0.0/9', '10.128.0.0/9'))
  assert.ok(!meet('::/0', '10.0.0.1'))
  assert.ok(meet('2001:db8::/32', '2001:db8:ffff::1'))
  assert.equal(formatRange(widen(parseRange('2001:db8::1')!, 64)), '2001:db8::/64')
  assert.equal(formatRange(widen(parseRange('2001:db8::/32')!, 64)), '2001:db8::/32')
  assert.ok(isSingle(parseRange('::1')!) && !isSingle(parseRange('::/127')!))
})
