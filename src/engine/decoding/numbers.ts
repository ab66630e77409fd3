/**
 * Numbers as C's `printf` writes them. JavaScript's own `toFixed` and `toPrecision` differ in three ways: a half is rounded up instead of to
 * even, `toFixed` gives up at 1e21, and exponents have as few digits as possible.
 */

/** `%f`: six decimals. */
export function formatFixed(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value)
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}.000000`
  // x * 10^6 ends in exactly one half only when x is an odd multiple of 1/128, and this product is exact.
  const halves = value * 128
  if (!Number.isInteger(halves) || halves % 2 === 0) return value.toFixed(6)
  const doubled = BigInt(Math.abs(halves)) * 15_625n
  const below = doubled / 2n
  return withPoint(value < 0, below + (below & 1n), 6)
}

/** `%1.<digits>g`: at most so many significant digits, no trailing zeros, an exponent of two digits or more when below -4 or too large. */
export function formatGeneral(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value)
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const { text, exponent } = significant(Math.abs(value), digits)
  const sign = value < 0 ? '-' : ''
  const kept = text.replace(/0+$/, '')
  if (exponent < -4 || exponent >= digits) {
    const mantissa = kept.length > 1 ? `${kept[0]}.${kept.slice(1)}` : kept
    const power = Math.abs(exponent).toString().padStart(2, '0')
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${power}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${kept}`
  if (kept.length <= exponent + 1) return sign + kept.padEnd(exponent + 1, '0')
  return `${sign}${kept.slice(0, exponent + 1)}.${kept.slice(exponent + 1)}`
}

function formatSpecial(value: number): string {
  return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf'
}

function withPoint(isNegative: boolean, scaled: bigint, decimals: number): string {
  const text = scaled.toString().padStart(decimals + 1, '0')
  return `${isNegative ? '-' : ''}${text.slice(0, -decimals)}.${text.slice(-decimals)}`
}

/** The leading decimal digits of a positive number, rounded half to even from its exact value, and the exponent of the first. */
function significant(value: number, digits: number): { text: string; exponent: number } {
  // With so many digits the exponent is the true one: the shortest form of 9.9999999999999995e-8 is 1e-7.
  const exponent = Number(value.toExponential(40).split('e')[1])
  const text = scaled(value, digits - 1 - exponent).toString()
  return text.length === digits ? { text, exponent } : { text: text.slice(0, digits), exponent: exponent + 1 }
}

/** `value * 10^shift`, rounded half to even. */
function scaled(value: number, shift: number): bigint {
  let { numerator, denominator } = exactly(value)
  if (shift >= 0) numerator *= 10n ** BigInt(shift)
  else denominator *= 10n ** BigInt(-shift)
  const quotient = numerator / denominator
  const rest = (numerator % denominator) * 2n
  return rest > denominator || (rest === denominator && (quotient & 1n) === 1n) ? quotient + 1n : quotient
}

function exactly(value: number): { numerator: bigint; denominator: bigint } {
  let denominator = 1n
  let whole = value
  // Doubling is exact, and a double below 2^53 in size is an integer after at most 1,074 of them.
  while (!Number.isInteger(whole)) {
    whole *= 2
    denominator *= 2n
  }
  return { numerator: BigInt(whole), denominator }
}
