import assert from 'node:assert/strict'
import { test } from 'node:test'
import { strftime } from './strftime.ts'

// Compared with `date -u -d @… +…` of coreutils in the C locale.
test('a moment is written as strftime does', () => {
  const at = Date.UTC(2026, 0, 4, 5, 6, 7)
  for (const [format, wanted] of [
    ['%Y-%m-%d', '2026-01-04'],
    ['%y%j %C', '26004 20'],
    ['%e|%d', ' 4|04'],
    ['%a %A %b %B %h', 'Sun Sunday Jan January Jan'],
    ['%H:%M:%S %I %p', '05:06:07 05 AM'],
    ['%u %w %U %W', '7 0 01 00'],
    ['%D %F %T %R', '01/04/26 2026-01-04 05:06:07 05:06'],
    ['%c', 'Sun Jan  4 05:06:07 2026'],
    ['%s %z', '1767503167 +0000'],
    ['100%% %Q %', '100% %Q %'],
  ] as const)
    assert.equal(strftime(format, at, 0), wanted, format)
  assert.equal(strftime('%F %H %z %s', at, -330), '2026-01-03 23 -0530 1767503167')
  assert.equal(strftime('%U %W', Date.UTC(2026, 11, 31), 0), '52 52')
})
